//! Whether a stream is on air, and how many watch it.

use super::icons::{Icon, Shape};
use crate::format;
use domain::stream;
use leptos::prelude::*;

/// "LIVE", or "Reconnecting" while the publisher is away.
#[component]
pub fn LiveBadge(#[prop(into)] signal: Signal<stream::Signal>) -> impl IntoView {
    let facts = move || match signal.get() {
        stream::Signal::Live => ("badge badge-live", "LIVE"),
        stream::Signal::Interrupted => ("badge badge-interrupted", "Reconnecting"),
    };
    view! { <span class=Signal::derive(move || facts().0)>{Signal::derive(move || facts().1)}</span> }
}

/// The number with its eye. A screen reader hears "12 watching".
#[component]
pub fn ViewerCount(#[prop(into)] viewers: Signal<u32>) -> impl IntoView {
    view! {
        <span class="viewers">
            <Icon shape=Shape::Eye/>
            <span>{Signal::derive(move || format::count(viewers.get()))}</span>
            <span class="only-heard">" watching"</span>
        </span>
    }
}
