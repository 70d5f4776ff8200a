//! The form that creates an account.

use super::{
    button::SubmitButton,
    field::TextField,
    form_state::{FormProblem, FormState},
};
use crate::{api::accounts::SignUp, document};
use domain::{
    account::NewMember,
    user::{Email, Password, Username},
};
use leptos::{form::ActionForm, prelude::*};

/// Username, e-mail address and password. Works without script: the server then answers with the next page.
#[component]
pub fn SignUpForm(
    /// Where to go afterwards.
    next: Option<String>,
    /// The token of the one-time owner link.
    #[prop(optional)]
    claim: Option<String>,
) -> impl IntoView {
    let sign_up = ServerAction::<SignUp>::new();
    let state = FormState::new("sign-up", &["username", "email", "password"], sign_up);
    let is_done = document::load_answer(sign_up.value());
    let check = move |event| {
        state.check(&event, |typed| {
            NewMember::parse(&typed.value("username"), &typed.value("email"), &typed.value("password")).map(drop)
        });
    };
    view! {
        <ActionForm action=sign_up on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField
                state
                name="username"
                label="Username"
                autocomplete="username"
                min_length=Username::MIN
                max_length=Username::MAX
                hint="Letters, digits and _. It is also the address of your channel."
            />
            <TextField state name="email" label="Email" kind="email" autocomplete="email" max_length=Email::MAX/>
            <TextField
                state
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                min_length=Password::MIN
                hint=format!("At least {} characters. Longer is better than stranger.", Password::MIN)
            />
            {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
            {claim.map(|claim| view! { <input type="hidden" name="claim" value=claim/> })}
            <SubmitButton is_pending=Signal::derive(move || state.is_pending.get() || is_done.get()) label="Create account"/>
        </ActionForm>
    }
}
