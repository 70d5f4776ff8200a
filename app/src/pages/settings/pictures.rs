//! The picture of the member, and that of their stream.

use crate::{
    api::channels::own_channel,
    components::{avatar::Avatar, cover::Cover, load_failed::LoadFailed, picture_field::PictureField},
    page_data::page_data,
    state::use_viewer,
};
use domain::{PictureId, channel::OwnChannel, picture::PictureKind};
use leptos::prelude::*;

/// The picture of the signed-in member, as it is now.
pub(super) fn own_picture() -> Signal<Option<PictureId>> {
    let viewer = use_viewer();
    Signal::derive(move || viewer.with(|viewer| viewer.as_ref().and_then(|viewer| viewer.avatar)))
}

#[component]
pub(super) fn Pictures() -> impl IntoView {
    let own = page_data(|| (), |()| own_channel());
    view! {
        <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match own.await {
                    Ok(own) => view! { <PictureFields own/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| own.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn PictureFields(own: OwnChannel) -> impl IntoView {
    let OwnChannel { page, thumbnail, .. } = own;
    let (username, display_name) = (page.username.to_string(), page.display_name);
    let (name, shown_name) = (username.clone(), display_name.clone());
    let (avatar, thumbnail) = (RwSignal::new(page.avatar), RwSignal::new(thumbnail));
    view! {
        <PictureField kind=PictureKind::Avatar label="Your picture" hint="Shown beside your name. A square one is shown whole." picture=avatar>
            <Avatar username=name display_name=shown_name picture=avatar is_large=true/>
        </PictureField>
        <PictureField
            kind=PictureKind::Thumbnail
            label="Picture of your stream"
            hint="Shown on its card, 16 by 9. Without one, the card shows a frame of what you send."
            picture=thumbnail
        >
            <Cover category=page.category username display_name picture=thumbnail sizes="20rem"/>
        </PictureField>
    }
}
