//! The player in the corner: what was watched goes on, over the same connection, while its viewer looks elsewhere.
//!
//! It stands beside the application, not in it, so that no navigation takes it down, and its code comes with the first
//! player that is opened.

use super::deck::play;
use crate::{
    components::icons::{Icon, Shape},
    media::{viewing::Viewing, watch::Link},
};
use leptos::{mount::mount_to, prelude::*, task::spawn_local};
use std::{any::Any, cell::RefCell, rc::Rc};
use web_sys::HtmlVideoElement;

/// How loud something is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sound {
    pub(super) is_muted: bool,
    /// From 0 to 1, as the element has it.
    pub(super) volume: f64,
}

/// A stream on its way out of a player or back into one.
pub(super) struct Kept {
    pub(super) viewing: Rc<Viewing>,
    pub(super) title: String,
    pub(super) sound: Sound,
}

struct Mini {
    viewing: Rc<Viewing>,
    is_muted: ArcRwSignal<bool>,
    volume: f64,
    /// Takes the view down when dropped.
    _view: Box<dyn Any>,
}

thread_local! {
    static MINI: RefCell<Option<Mini>> = const { RefCell::new(None) };
}

/// Goes on with a stream in the corner.
pub(super) fn keep(kept: Kept) {
    // Not within the navigation that takes the page down: what is made there belongs to that page.
    spawn_local(async move {
        let Some(body) = web_sys::window().and_then(|window| window.document()?.body()) else { return };
        let Kept { viewing, title, sound } = kept;
        let (is_muted, shown) = (ArcRwSignal::new(sound.is_muted), Rc::clone(&viewing));
        let muted = RwSignal::from(is_muted.clone());
        let path = format!("/{}", viewing.username());
        let show = move |video: HtmlVideoElement, link: RwSignal<Link>| {
            video.set_muted(sound.is_muted);
            video.set_volume(sound.volume);
            shown.move_to(video, move |now| {
                if matches!(now, Link::Refused(_) | Link::Absent) {
                    // It was said from within the viewing, which closing ends.
                    spawn_local(async { close() });
                } else {
                    link.try_set(now);
                }
            });
        };
        let view = mount_to(body, move || view! { <MiniPlayer title path is_muted=muted show=Box::new(show)/> }.into_any());
        let _former = MINI.replace(Some(Mini { viewing, is_muted, volume: sound.volume, _view: Box::new(view) }));
    });
}

/// Takes a channel's stream back out of the corner, if it is there.
pub(super) fn take(username: &str) -> Option<(Rc<Viewing>, Sound)> {
    let is_theirs = MINI.with_borrow(|mini| mini.as_ref().is_some_and(|mini| mini.viewing.username() == username));
    let mini = if is_theirs { MINI.take()? } else { return None };
    let sound = Sound { is_muted: mini.is_muted.get_untracked(), volume: mini.volume };
    Some((mini.viewing, sound))
}

/// Ends what plays in the corner.
pub(super) fn close() {
    let _closed = MINI.take();
}

#[component]
fn MiniPlayer(
    title: String,
    path: String,
    is_muted: RwSignal<bool>,
    /// Makes the stream go on in this element.
    show: Box<dyn FnOnce(HtmlVideoElement, RwSignal<Link>)>,
) -> impl IntoView {
    let (video, link) = (NodeRef::<leptos::html::Video>::new(), RwSignal::new(Link::Playing));
    let show = StoredValue::new_local(Some(show));
    Effect::new(move || {
        let Some(video) = video.get() else { return };
        if let Some(show) = show.try_update_value(Option::take).flatten() {
            show(video, link);
        }
    });
    let toggle = move |_| {
        is_muted.update(|is_muted| *is_muted = !*is_muted);
        if let Some(video) = video.get_untracked() {
            video.set_muted(is_muted.get_untracked());
            play(&video);
        }
    };
    let is_waiting = move || link.with(|link| *link != Link::Playing);
    view! {
        <aside class="mini" aria-label="Mini player">
            <video class="mini-video" node_ref=video playsinline prop:muted=true></video>
            <p class="mini-words" role="status">{move || is_waiting().then_some("Reconnecting…")}</p>
            <div class="mini-bar">
                <a class="mini-back" href=path><span class="only-heard">"Back to "</span>{title}</a>
                <button
                    type="button"
                    class="button-icon"
                    aria-label="Sound"
                    aria-pressed=move || (!is_muted.get()).to_string()
                    on:click=toggle
                >
                    {move || if is_muted.get() { view! { <Icon shape=Shape::VolumeOff/> } } else { view! { <Icon shape=Shape::Volume/> } }}
                </button>
                <button type="button" class="button-icon" aria-label="Close the mini player" on:click=|_| spawn_local(async { close() })>
                    <Icon shape=Shape::Close/>
                </button>
            </div>
        </aside>
    }
}
