//! Changing the password.

use super::saved::SavedNotice;
use crate::{
    api::accounts::ChangePassword,
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
    },
    state::use_toasts,
};
use domain::{error::Problems, user::Password};
use leptos::{form::ActionForm, html::Form, prelude::*};

#[component]
pub(super) fn PasswordForm(#[prop(into)] on_changed: Callback<()>) -> impl IntoView {
    let change = ServerAction::<ChangePassword>::new();
    let state = FormState::new("password", &["current_password", "new_password"], change);
    let (form, toasts) = (NodeRef::<Form>::new(), use_toasts());
    Effect::new(move |_| {
        if let Some(Ok(())) = change.value().get() {
            toasts.done("Your password is changed.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
            on_changed.run(());
        }
    });
    let check = move |event| {
        state.check(&event, |typed| {
            let mut problems = Problems::default();
            problems
                .check("new_password", typed.value("new_password").parse::<Password>())
                .map(drop)
                .ok_or_else(|| problems.into_error())
        });
    };
    view! {
        <SavedNotice what="password" text="Your password is changed."/>
        <ActionForm action=change node_ref=form on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField state name="current_password" label="Current password" kind="password" autocomplete="current-password"/>
            <TextField
                state
                name="new_password"
                label="New password"
                kind="password"
                autocomplete="new-password"
                min_length=Password::MIN
                hint=format!("At least {} characters.", Password::MIN)
            />
            <SubmitButton is_pending=state.is_pending label="Change password"/>
        </ActionForm>
    }
}
