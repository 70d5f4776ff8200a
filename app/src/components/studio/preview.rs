//! The picture as it is sent: not mirrored, so that writing can be read.

use super::desk::Desk;
use crate::components::icons::{Icon, Shape};
use leptos::{html, prelude::*};

#[component]
pub(super) fn Preview(desk: Desk, video: NodeRef<html::Video>) -> impl IntoView {
    let has_picture = RwSignal::new(false);
    Effect::new(move || {
        desk.n_takes.track();
        let picture = desk.picture();
        has_picture.set(picture.is_some());
        let Some(video) = video.get() else { return };
        // One's own voice, a moment late, would be an echo.
        video.set_muted(true);
        video.set_src_object(picture.as_ref());
        if let Some(playing) = picture.and_then(|_| video.play().ok()) {
            crate::dom::let_run(playing);
        }
    });
    view! {
        <div class="player studio-preview">
            <video class="player-video" node_ref=video playsinline prop:muted=true aria-label="Preview"></video>
            <div class="player-overlay" hidden=move || has_picture.get()>
                <Icon shape=Shape::Video/>
                <p class="player-words">
                    {move || if desk.is_asking.get() { "Waiting for your permission" } else { "No picture yet" }}
                </p>
                <p class="player-reason needs-script">"Choose camera or screen below. Nobody sees it before you go live."</p>
            </div>
        </div>
    }
}
