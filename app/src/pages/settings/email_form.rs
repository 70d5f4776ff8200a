//! Changing the e-mail address.

use super::saved::SavedNotice;
use crate::{
    api::personal_data::{ChangeEmail, own_email},
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
        load_failed::LoadFailed,
    },
    page_data::page_data,
    state::use_toasts,
};
use domain::{error::Problems, user::Email};
use leptos::{form::ActionForm, html::Form, prelude::*};

#[component]
pub(super) fn EmailForm() -> impl IntoView {
    let change = ServerAction::<ChangeEmail>::new();
    let state = FormState::new("email", &["email", "email_password"], change);
    let current = page_data(move || change.version().get(), |_| own_email());
    let (form, toasts) = (NodeRef::<Form>::new(), use_toasts());
    Effect::new(move |_| {
        if let Some(Ok(())) = change.value().get() {
            toasts.done("Your e-mail address is changed.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
        }
    });
    let check = move |event| {
        state.check(&event, |typed| {
            let mut problems = Problems::default();
            let parsed = typed.value("email").parse::<Email>();
            problems.check("email", parsed).map(drop).ok_or_else(|| problems.into_error())
        });
    };
    view! {
        <SavedNotice what="email" text="Your e-mail address is changed."/>
        <Transition fallback=|| view! { <p class="panel-text">"…"</p> }>
            {move || Suspend::new(async move {
                match current.await {
                    Ok(email) => view! { <p class="panel-text">"It is now " <strong>{email}</strong> "."</p> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| current.refetch()/> }.into_any(),
                }
            })}
        </Transition>
        <ActionForm action=change node_ref=form on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField state name="email" label="New e-mail address" kind="email" autocomplete="email" max_length=Email::MAX/>
            <TextField state name="email_password" label="Your password" kind="password" autocomplete="current-password"/>
            <SubmitButton is_pending=state.is_pending label="Change e-mail address"/>
        </ActionForm>
    }
}
