//! `/dashboard`: the cockpit of one's own channel.
//!
//! Which pages may use the camera is decided by the document's headers, so links to this page must load it anew
//! (`rel="external"`): after a client-side navigation the document is still the former one, and has no camera.

use crate::{
    ApiError,
    api::{channels::own_channel, chat::chat_snapshot},
    channel::use_channel,
    components::{
        chat::Chat,
        load_failed::LoadFailed,
        page_meta::PageMeta,
        studio::{Studio, draft::Draft, encoder::Encoder, share::Share, stream_form::StreamForm},
    },
    page_data::page_data,
    pages::lazy_page::lazy_page,
    state::viewer_or_sign_in,
};
use domain::{channel::OwnChannel, chat::ChatSnapshot};
use leptos::prelude::*;

lazy_page!(DASHBOARD = dashboard_page in dashboard);

fn dashboard_page() -> AnyView {
    let is_signed_in = viewer_or_sign_in("/dashboard").is_some();
    let channel = page_data(|| (), move |()| async move { if is_signed_in { Some(load().await) } else { None } });
    let cockpit = is_signed_in.then(|| {
        view! {
            <Transition fallback=|| view! { <div class="player skeleton" aria-hidden="true"></div> }>
                {move || Suspend::new(async move {
                    match channel.await {
                        Some(Ok((own, chat))) => view! { <Cockpit own chat/> }.into_any(),
                        Some(Err(error)) => view! { <LoadFailed error retry=move |()| channel.refetch()/> }.into_any(),
                        None => ().into_any(),
                    }
                })}
            </Transition>
        }
    });
    view! {
        <PageMeta title="Dashboard" description="Go live, and set what your channel says about it."/>
        <h1 class="page-title">"Dashboard"</h1>
        {cockpit}
    }
    .into_any()
}

/// The channel and its chat. A chat that cannot be read must not keep anybody from going live.
async fn load() -> Result<(OwnChannel, Option<ChatSnapshot>), ApiError> {
    let own = own_channel().await?;
    let chat = chat_snapshot(own.page.channel).await.ok();
    Ok((own, chat))
}

#[component]
fn Cockpit(own: OwnChannel, chat: Option<ChatSnapshot>) -> impl IntoView {
    let OwnChannel { page, whip_url, .. } = own;
    let (username, draft) = (page.username.clone(), Draft::new(&page.title, page.category));
    let channel = use_channel(page);
    view! {
        <div class="cockpit">
            <div class="cockpit-column">
                <Studio channel draft/>
                <StreamForm draft/>
                <Share username/>
            </div>
            <div class="cockpit-column">
                {chat.map(|initial| view! { <Chat initial/> })}
                <Encoder whip_url/>
            </div>
        </div>
    }
}
