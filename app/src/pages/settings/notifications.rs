//! What a member is told about.

use crate::components::notification_form::NotificationForm;
use leptos::prelude::*;

#[component]
pub(super) fn NotificationsSection() -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="notification-settings">
            <h2 class="panel-title" id="notification-settings">"Notifications"</h2>
            <p class="panel-text">"Choose what the bell tells you about."</p>
            <NotificationForm next="/settings/notifications"/>
        </section>
    }
}
