//! The column beside the player: the chat on wide screens, and below the player where there is no room beside it.

use crate::{
    components::page_icons::{PageIcon, PageShape},
    document,
    state::{WATCH_SIDE_COOKIE, use_session},
};
use leptos::prelude::*;

/// The id of the column.
const SIDE: &str = "watch-side";

/// The column with whatever is in it. Closed it is still there, so that what it holds stays current.
#[component]
pub(super) fn Side(children: Children) -> impl IntoView {
    let is_closed = use_session().is_side_closed;
    view! {
        <aside class="watch-side" id=SIDE aria-label="Chat" hidden=move || is_closed.get()>
            {children()}
        </aside>
    }
}

/// What stands in the column when there is no chat to show.
#[component]
pub(super) fn NoChat() -> impl IntoView {
    view! {
        <div class="watch-no-chat">
            <PageIcon shape=PageShape::Message/>
            <p>"The chat is not there at the moment."</p>
        </div>
    }
}

/// Opens and closes the column.
#[component]
pub(super) fn SideButton() -> impl IntoView {
    let is_closed = use_session().is_side_closed;
    view! {
        <button
            type="button"
            class="button needs-script"
            aria-controls=SIDE
            aria-expanded=move || (!is_closed.get()).to_string()
            on:click=move |_| toggle(is_closed)
        >
            <PageIcon shape=PageShape::Message/>
            <span class="watch-action">{move || if is_closed.get() { "Show chat" } else { "Hide chat" }}</span>
        </button>
    }
}

/// Remembers it on this device.
fn toggle(is_closed: RwSignal<bool>) {
    is_closed.update(|is_closed| *is_closed = !*is_closed);
    document::keep_setting(WATCH_SIDE_COOKIE, if is_closed.get_untracked() { "closed" } else { "open" });
}
