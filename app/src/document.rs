//! What the chrome does to the page around it: focus, full page loads, settings in cookies.
//!
//! Called from effects and event handlers only, which never run on the server.

use crate::theme::Theme;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, FocusOptions, HtmlDocument, HtmlElement};

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn element(id: &str) -> Option<HtmlElement> {
    document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Loads a page of this site anew, which is how the browser learns of another session.
pub(crate) fn load(path: &str) {
    if let Some(window) = web_sys::window() {
        // Fails only for an address that is none; then the page stays.
        let _is_leaving = window.location().assign(domain::account::local_path(path));
    }
}

/// What the head of the document says under this name.
pub(crate) fn meta(name: &str) -> Option<String> {
    let document = web_sys::window()?.document()?;
    document.query_selector(&["meta[name=", name, "]"].concat()).ok()??.get_attribute("content")
}

/// Loads this page anew.
pub(crate) fn reload() {
    if let Some(window) = web_sys::window() {
        let _is_leaving = window.location().reload();
    }
}

/// Moves the focus to an element, and scrolls it into view if `scrolls`.
pub(crate) fn focus(id: &str, scrolls: bool) {
    if let Some(element) = element(id) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(!scrolls);
        let _is_focused = element.focus_with_options(&options);
    }
}

/// Closes a popover that may be open.
pub(crate) fn close_popover(id: &str) {
    if let Some(element) = element(id) {
        // Refused where there are no popovers.
        let _is_closed = element.hide_popover();
    }
}

/// Puts everything but the drawer out of reach while it is open, so that neither Tab nor a screen reader leaves it.
pub(crate) fn set_inert_around_drawer(is_inert: bool) {
    for id in ["top-bar", "main"] {
        if let Some(element) = element(id) {
            element.set_inert(is_inert);
        }
    }
}

/// Opens a popover, beside what is open.
pub(crate) fn open_popover(id: &str) {
    if let Some(element) = element(id) {
        // Refused where there are no popovers, and when it is open.
        let _is_opened = element.show_popover();
    }
}

/// Whether the page is dark now, by choice or by the system's preference.
pub(crate) fn is_dark(theme: Option<Theme>) -> bool {
    let prefers_light = || {
        let query = web_sys::window()?.match_media("(prefers-color-scheme: light)").ok()??;
        Some(query.matches())
    };
    theme.map_or_else(|| prefers_light() != Some(true), |theme| theme == Theme::Dark)
}

/// Shows the page in a theme, now and at the next visit.
pub(crate) fn keep_theme(theme: Theme) {
    if let Some(root) = document().as_ref().and_then(Document::document_element) {
        set_attribute(&root, "data-theme", theme.name());
    }
    keep_setting(crate::theme::COOKIE, theme.name());
}

/// Keeps a setting in a cookie, so that the server renders the next page with it.
pub(crate) fn keep_setting(name: &str, value: &str) {
    const A_YEAR_IN_SECONDS: u32 = 31_536_000;
    if let Some(document) = document().and_then(|document| document.dyn_into::<HtmlDocument>().ok()) {
        let cookie = format!("{name}={value}; Path=/; Max-Age={A_YEAR_IN_SECONDS}; SameSite=Lax");
        // A browser that keeps no cookies forgets the setting, nothing more.
        let _is_kept = document.set_cookie(&cookie);
    }
}

fn set_attribute(element: &Element, name: &str, value: &str) {
    // Fails only for a name that is none.
    let _is_set = element.set_attribute(name, value);
}

/// Loads the page that a server function answered with, and tells when it is on its way.
pub(crate) fn load_answer<E>(answer: impl Get<Value = Option<Result<String, E>>> + Copy + Send + Sync + 'static) -> Signal<bool>
where
    E: 'static,
{
    Effect::new(move |_| {
        if let Some(Ok(path)) = answer.get() {
            load(&path);
        }
    });
    Signal::derive(move || matches!(answer.get(), Some(Ok(_))))
}
