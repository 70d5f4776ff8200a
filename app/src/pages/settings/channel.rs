//! What the channel says of itself.

use super::saved::QUESTION;
use crate::{
    api::channels::own_channel,
    components::{
        leave_guard::hold_while,
        load_failed::LoadFailed,
        studio::{draft::Draft, stream_form::StreamForm},
    },
    page_data::page_data,
    paths,
};
use domain::channel::OwnChannel;
use leptos::prelude::*;

#[component]
pub(super) fn ChannelSection() -> impl IntoView {
    let channel = page_data(|| (), |()| own_channel());
    view! {
        <Transition fallback=|| view! { <div class="panel skeleton settings-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match channel.await {
                    Ok(own) => view! { <Form own/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| channel.refetch()/> }.into_any(),
                }
            })}
        </Transition>
        <section class="panel" aria-labelledby="stream-key">
            <h2 class="panel-title" id="stream-key">"Going live"</h2>
            <p class="panel-text">"Your camera, your stream key and the address for encoders are in the dashboard."</p>
            <p class="panel-action"><a class="button" href=paths::DASHBOARD rel="external">"Open the dashboard"</a></p>
        </section>
    }
}

#[component]
fn Form(own: OwnChannel) -> impl IntoView {
    let draft = Draft::new(&own.page.title, own.page.category);
    hold_while(draft.is_dirty(), QUESTION);
    view! { <StreamForm draft/> }
}
