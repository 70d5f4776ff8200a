//! The browser's side: there is no response to shape, and what the server knew came with the page.

use crate::{components::page_meta::Description, state::PageStart};
use domain::stream::StreamCard;
use http::StatusCode;
use leptos::prelude::*;

/// The title of a page. A document takes it as it is.
pub(crate) fn title_text(title: &str) -> String {
    title.to_owned()
}

/// Describes the page to machines. They read what the server sent.
pub(crate) fn describe(_description: &Description) {}

/// Tells which page was opened, and which part of the program it needs. The browser knows.
pub(crate) fn announce_page(_name: &'static str, _part: &'static str) {}

/// Sets the status of the page. Only the server has one.
pub(crate) fn set_status(_status: StatusCode) {}

/// What a page starts from. Asked for only where the page did not bring it along, so nothing is known.
pub(crate) fn page_start() -> PageStart {
    PageStart::default()
}

/// Leaves for another page of this site, by loading it.
pub(crate) fn redirect(path: &str) {
    crate::document::load(path);
}

/// The view of the cards of some streams. Only the server draws the same for many.
pub(crate) fn keep_cards(_cards: &[StreamCard], draw: impl FnOnce() -> AnyView) -> AnyView {
    draw()
}
