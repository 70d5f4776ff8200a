//! Who may write in the channel's chat, and how often.

use super::saved::{QUESTION, UnsavedHint};
use crate::{
    api::chat::chat_settings,
    components::{chat::ChatModesForm, leave_guard::hold_while, load_failed::LoadFailed},
    page_data::page_data,
};
use leptos::prelude::*;

#[component]
pub(super) fn ChatSection() -> impl IntoView {
    let settings = page_data(|| (), |()| chat_settings());
    let is_dirty = RwSignal::new(false);
    hold_while(is_dirty.into(), QUESTION);
    view! {
        <section class="panel" aria-labelledby="chat">
            <h2 class="panel-title" id="chat">"Chat"</h2>
            <Transition fallback=|| view! { <div class="skeleton settings-skeleton" aria-hidden="true"></div> }>
                {move || Suspend::new(async move {
                    match settings.await {
                        Ok(initial) => view! { <ChatModesForm initial is_dirty/> }.into_any(),
                        Err(error) => view! { <LoadFailed error retry=move |()| settings.refetch()/> }.into_any(),
                    }
                })}
            </Transition>
            <UnsavedHint is_dirty/>
        </section>
    }
}
