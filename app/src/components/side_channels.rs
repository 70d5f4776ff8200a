//! The channels in the side bar: those that the reader follows, and some that they do not know yet.

use super::{avatar::Avatar, side_bar::SIDE_BAR};
use crate::{chrome::use_chrome, document, format, paths};
use domain::chrome::{Chrome, SideChannel};
use leptos::prelude::*;

/// One of the two lists.
type Part = fn(&Chrome) -> &[SideChannel];

#[component]
pub fn SideChannels() -> impl IntoView {
    let chrome = use_chrome();
    let more = move || {
        let n_following =
            chrome.with(|chrome| (chrome.n_following as usize > chrome.following.len()).then_some(chrome.n_following));
        n_following.map(|n| view! { <a class="menu-more" href=paths::FOLLOWING on:click=close>{format!("All {n}")}</a> })
    };
    view! {
        {section(chrome, "Following", |chrome| &chrome.following)}
        {more}
        {section(chrome, "Recommended", |chrome| &chrome.recommended)}
    }
}

fn close(_: web_sys::MouseEvent) {
    document::close_popover(SIDE_BAR);
}

/// A list under its heading. Hidden while it is empty.
fn section(chrome: Signal<Chrome>, heading: &'static str, part: Part) -> impl IntoView {
    let ids = Memo::new(move |_| chrome.with(|chrome| part(chrome).iter().map(|channel| channel.id).collect::<Vec<_>>()));
    // The list is rebuilt only when a channel comes, goes or moves; each row follows its own channel.
    let each = move || {
        ids.track();
        chrome.with_untracked(|chrome| part(chrome).to_vec())
    };
    view! {
        <section class="side-channels" aria-label=heading hidden=Signal::derive(move || ids.with(Vec::is_empty))>
            <h2 class="menu-heading">{heading}</h2>
            <ul class="menu"><For each key=|channel| channel.id let(channel)>{row(chrome, part, channel)}</For></ul>
        </section>
    }
}

fn row(chrome: Signal<Chrome>, part: Part, channel: SideChannel) -> impl IntoView {
    let SideChannel { id, username, display_name, avatar, .. } = channel;
    let viewers = Memo::new(move |_| {
        chrome.with(|chrome| part(chrome).iter().find(|known| known.id == id).and_then(|known| known.viewers))
    });
    view! {
        <li>
            <a
                class="menu-item side-channel"
                class:side-channel-live=Signal::derive(move || viewers.get().is_some())
                href=paths::channel(&username)
                title=display_name.clone()
                on:click=close
            >
                <Avatar username=username.as_str() display_name=display_name.clone() picture=Signal::derive(move || avatar)/>
                <span class="menu-label side-channel-name">{display_name.clone()}</span>
                <span class="side-channel-viewers" hidden=Signal::derive(move || viewers.get().is_none())>
                    <span class="only-heard">"live, "</span>
                    {Signal::derive(move || format::count(viewers.get().unwrap_or(0)))}
                    <span class="only-heard">" watching"</span>
                </span>
            </a>
        </li>
    }
}
