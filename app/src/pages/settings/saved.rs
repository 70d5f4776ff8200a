//! That something was saved, and that something is not yet.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What happened, for a page without script: the answer to its form is this page again, with a word in its address.
#[component]
pub(super) fn SavedNotice(
    /// The word.
    what: &'static str,
    text: &'static str,
) -> impl IntoView {
    let is_saved = use_query_map().with_untracked(|query| query.get_str("saved") == Some(what));
    is_saved.then(|| view! { <p class="notice notice-done">{text}</p> })
}

/// Beside the button that saves, for as long as there is something to save.
#[component]
pub(super) fn UnsavedHint(#[prop(into)] is_dirty: Signal<bool>) -> impl IntoView {
    view! { <p class="unsaved" role="status">{move || is_dirty.get().then_some("Not saved yet")}</p> }
}

/// What is asked before a page with unsaved changes is left.
pub(super) const QUESTION: &str = "What you changed here is not saved. Leave without saving?";
