//! Appointing a moderator by name.

use super::Actions;
use crate::{
    components::{
        button::SubmitButton,
        field::TextField,
        form_state::{FormProblem, FormState},
    },
    state::use_toasts,
};
use domain::user::Username;
use leptos::{form::ActionForm, html::Form, prelude::*};

#[component]
pub(super) fn ModeratorForm(actions: Actions) -> impl IntoView {
    let appoint = actions.appoint;
    let state = FormState::new("moderator", &["username"], appoint);
    let (form, toasts) = (NodeRef::<Form>::new(), use_toasts());
    Effect::new(move |_| {
        if let Some(Ok(())) = appoint.value().get() {
            toasts.done("Appointed.");
            if let Some(form) = form.get_untracked() {
                form.reset();
            }
        }
    });
    view! {
        <section class="panel" aria-labelledby="appoint">
            <h2 class="panel-title" id="appoint">"Appoint a moderator"</h2>
            <p class="panel-text">"Moderators remove messages, pin one, and give people a pause in your chat."</p>
            <ActionForm action=appoint node_ref=form prop:noValidate=true>
                <FormProblem state/>
                <TextField state name="username" label="Username" autocomplete="off" max_length=Username::MAX + 1/>
                <SubmitButton is_pending=state.is_pending label="Appoint"/>
            </ActionForm>
        </section>
    }
}
