//! The icons of the chat: shapes of Lucide (ISC licence, <https://lucide.dev/license>), each as one path.
//!
//! Apart from those of every page, so that pages without a chat do not download them.

use leptos::prelude::*;

#[rustfmt::skip]
mod paths {
    pub(in super::super) const CHEVRON_DOWN: &str = "M6 9l6 6 6-6";
    pub(in super::super) const CLOCK: &str = "M2 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0zM12 6v6l4 2";
    pub(in super::super) const ELLIPSIS: &str = "M12 12h.01M19 12h.01M5 12h.01";
    pub(in super::super) const PENCIL: &str = "M21.174 6.812a1 1 0 0 0-3.986-3.987L3.842 16.174a2 2 0 0 0-.5.83l-1.321 4.352a.5.5 0 0 0 .623.622l4.353-1.32a2 2 0 0 0 .83-.497zM15 5l4 4";
    pub(in super::super) const PIN: &str = "M12 17v5M9 10.76a2 2 0 0 1-1.11 1.79l-1.78.9A2 2 0 0 0 5 15.24V16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1v-.76a2 2 0 0 0-1.11-1.79l-1.78-.9A2 2 0 0 1 15 10.76V7a1 1 0 0 1 1-1 2 2 0 0 0 0-4H8a2 2 0 0 0 0 4 1 1 0 0 1 1 1z";
    pub(in super::super) const REPLY: &str = "M20 18v-2a4 4 0 0 0-4-4H4M9 17l-5-5 5-5";
    pub(in super::super) const SEND: &str = "M14.536 21.686a.5.5 0 0 0 .937-.024l6.5-19a.496.496 0 0 0-.635-.635l-19 6.5a.5.5 0 0 0-.024.937l7.93 3.18a2 2 0 0 1 1.112 1.11zM21.854 2.147l-10.94 10.939";
    pub(in super::super) const SHIELD: &str = "M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z";
    pub(in super::super) const SMILE: &str = "M2 12a10 10 0 1 0 20 0a10 10 0 1 0 -20 0zM8 14s1.5 2 4 2 4-2 4-2M9 9h.01M15 9h.01";
    pub(in super::super) const TRASH: &str = "M10 11v6M14 11v6M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6M3 6h18M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2";
}

pub(super) use paths::*;

/// An icon in the color and size of the text around it. It says nothing to assistive technology: the text does.
#[component]
pub(super) fn ChatIcon(path: &'static str) -> impl IntoView {
    view! { <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d=path/></svg> }
}
