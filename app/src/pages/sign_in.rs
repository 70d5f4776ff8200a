//! `/sign-in`

use crate::{
    api::accounts::SignIn,
    components::{
        auth_card::AuthCard,
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
        page_meta::PageMeta,
    },
    document,
    pages::lazy_page::lazy_page,
    paths,
    state::next_or_leave,
};
use domain::error::Problems;
use leptos::{form::ActionForm, prelude::*};

lazy_page!(SIGN_IN = sign_in_page in entry);

fn sign_in_page() -> AnyView {
    let next = next_or_leave();
    let sign_up = paths::sign_up(next.as_deref());
    view! {
        <PageMeta title="Sign in" description="Sign in to Learnify."/>
        <AuthCard title="Welcome back" text="Sign in to follow, to ask, and to go live.">
            <SignInForm next/>
            <p class="auth-other">"New here? " <a class="link" href=sign_up>"Create an account"</a></p>
        </AuthCard>
    }
    .into_any()
}

/// What is typed is not held against today's rules: the account may be older than they are.
#[component]
fn SignInForm(next: Option<String>) -> impl IntoView {
    let sign_in = ServerAction::<SignIn>::new();
    let state = FormState::new("sign-in", &["username", "password"], sign_in);
    let is_done = document::load_answer(sign_in.value());
    let check = move |event| {
        state.check(&event, |typed| {
            let mut problems = Problems::default();
            let filled =
                |name, sentence: &str| if typed.value(name).trim().is_empty() { Err(sentence.to_owned()) } else { Ok(()) };
            let username = problems.check("username", filled("username", "Please enter your username."));
            let password = problems.check("password", filled("password", "Please enter your password."));
            username.and(password).ok_or_else(|| problems.into_error())
        });
    };
    view! {
        <ActionForm action=sign_in on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField state name="username" label="Username" autocomplete="username" hint="Your e-mail address works too."/>
            <TextField state name="password" label="Password" kind="password" autocomplete="current-password"/>
            {next.map(|next| view! { <input type="hidden" name="next" value=next/> })}
            <SubmitButton is_pending=Signal::derive(move || state.is_pending.get() || is_done.get()) label="Sign in"/>
        </ActionForm>
    }
}
