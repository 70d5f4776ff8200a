//! Whether what the page shows is current.

use crate::realtime::{Status, use_realtime};
use leptos::prelude::*;

/// A dot with a word. What goes wrong, and that it is well again, is also announced; that all is well at first is not.
#[component]
pub fn ConnectionIndicator() -> impl IntoView {
    let status = use_realtime().status();
    let was_lost = Memo::new(move |was: Option<&bool>| {
        was.copied().unwrap_or(false) || matches!(status.get(), Status::Reconnecting | Status::Offline)
    });
    let announced = Signal::derive(move || match status.get() {
        Status::Live if was_lost.get() => "The page is up to date again.",
        Status::Waiting | Status::Live => "",
        Status::Reconnecting => "The page is not up to date. Reconnecting.",
        Status::Offline => "You are offline.",
    });
    view! {
        <div class="connection" data-status=Signal::derive(move || name(status.get()))>
            <span class="connection-dot" aria-hidden="true"></span>
            <span class="connection-word">{Signal::derive(move || word(status.get()))}</span>
            <span class="only-heard" role="status">{announced}</span>
        </div>
    }
}

fn name(status: Status) -> &'static str {
    match status {
        Status::Waiting => "waiting",
        Status::Live => "live",
        Status::Reconnecting => "reconnecting",
        Status::Offline => "offline",
    }
}

fn word(status: Status) -> &'static str {
    match status {
        // Nothing to say yet, and without script there never is.
        Status::Waiting => "",
        Status::Live => "Live",
        Status::Reconnecting => "Reconnecting",
        Status::Offline => "Offline",
    }
}
