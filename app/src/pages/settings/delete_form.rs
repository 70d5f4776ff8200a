//! Deleting the account.

use crate::{
    api::personal_data::DeleteAccount,
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
    },
    document,
};
use domain::error::Problems;
use leptos::{form::ActionForm, prelude::*};

#[component]
pub(super) fn DeleteForm(
    /// What has to be typed.
    username: String,
) -> impl IntoView {
    let delete = ServerAction::<DeleteAccount>::new();
    let state = FormState::new("delete", &["username", "delete_password"], delete);
    let is_leaving = document::load_answer(delete.value());
    let is_pending = Signal::derive(move || state.is_pending.get() || is_leaving.get());
    let hint = format!("Type {username}, so that nothing is deleted by a slip.");
    let check = move |event| {
        let expected = username.clone();
        state.check(&event, |typed| {
            let mut problems = Problems::default();
            let is_meant = typed.value("username").trim().eq_ignore_ascii_case(&expected);
            let meant = if is_meant { Ok(()) } else { Err(format!("Type {expected} to delete this account.")) };
            problems.check("username", meant).ok_or_else(|| problems.into_error())
        });
    };
    view! {
        <ActionForm action=delete on:submit:capture=check prop:noValidate=true>
            <FormProblem state/>
            <TextField state name="username" label="Your username" autocomplete="off" hint/>
            <TextField state name="delete_password" label="Your password, to confirm" kind="password" autocomplete="current-password"/>
            <SubmitButton is_pending class="button-danger" label="Delete my account"/>
        </ActionForm>
    }
}
