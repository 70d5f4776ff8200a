//! The search field of the top bar.

use super::icons::{Icon, Shape};
use crate::{document, paths};
use domain::search::SearchTerm;
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use web_sys::{SubmitEvent, ToggleEvent};

const FORM: &str = "search";
const FIELD: &str = "search-term";

/// A plain form. On phones it is a popover behind a button, for which no script is needed either;
/// with script the results come without another page load, so that what plays goes on.
#[component]
pub fn SearchForm() -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = field.get_untracked().map(|field| field.value()).unwrap_or_default();
        let typed = typed.trim();
        document::close_popover(FORM);
        let address = if typed.is_empty() { "/".to_owned() } else { paths::search(typed, None, 1) };
        navigate(&address, NavigateOptions::default());
    };
    let focus = |event: ToggleEvent| {
        if event.new_state() == "open" {
            document::focus(FIELD, false);
        }
    };
    view! {
        <button type="button" class="button-icon search-button" popovertarget=FORM aria-label="Search">
            <Icon shape=Shape::Search/>
        </button>
        <form class="search-form" id=FORM role="search" action="/search" method="get" popover="auto" on:submit=submit on:toggle=focus>
            <input
                class="field-input"
                id=FIELD
                type="search"
                name="term"
                node_ref=field
                required=true
                maxlength=SearchTerm::MAX.to_string()
                placeholder="Search"
                aria-label="Search"
            />
            <button type="submit" class="button-icon" aria-label="Find"><Icon shape=Shape::Search/></button>
        </form>
    }
    .into_any()
}
