//! Which notifications a member wants, a switch for each kind.

use super::{
    button::SubmitButton,
    form_state::{FormProblem, FormState},
    load_failed::LoadFailed,
};
use crate::{
    api::notifications::{SetNotificationSettings, notification_settings},
    page_data::page_data,
    state::use_toasts,
};
use domain::notification::{NotificationKind, NotificationSettings};
use leptos::{form::ActionForm, prelude::*};

/// The form, for whatever page has room for it. To be shown to members only.
#[component]
pub fn NotificationForm(
    /// The page that a form without script leads back to.
    next: &'static str,
) -> impl IntoView {
    let settings = page_data(|| (), |()| notification_settings());
    view! {
        <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match settings.await {
                    Ok(settings) => view! { <Switches settings next/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| settings.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Switches(settings: NotificationSettings, next: &'static str) -> impl IntoView {
    let set = ServerAction::<SetNotificationSettings>::new();
    let state = FormState::new("notifications", &[], set);
    let toasts = use_toasts();
    Effect::new(move |_| {
        if let Some(Ok(())) = set.value().get() {
            toasts.done("Saved.");
        }
    });
    let switch = move |kind: NotificationKind| {
        view! {
            <li>
                <label class="switch">
                    <input class="switch-input" type="checkbox" name=kind.slug() checked=settings.wants(kind)/>
                    <span>{kind.label()}</span>
                </label>
            </li>
        }
    };
    view! {
        <ActionForm action=set>
            <FormProblem state/>
            <input type="hidden" name="next" value=next/>
            <ul class="switches">{NotificationKind::ALL.map(switch).collect_view()}</ul>
            <SubmitButton is_pending=state.is_pending label="Save"/>
        </ActionForm>
    }
}
