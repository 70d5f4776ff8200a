//! What stands where there is nothing to list.

use super::icons::{Icon, Shape};
use leptos::prelude::*;

/// A friendly word on why a place is empty, and one thing to do about it.
#[component]
pub fn EmptyState(
    shape: Shape,
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// The address and the label of the one thing to do.
    action: (String, &'static str),
) -> impl IntoView {
    let (address, label) = action;
    view! {
        <div class="empty">
            <span class="empty-icon"><Icon shape/></span>
            <h2 class="empty-title">{title}</h2>
            <p class="empty-text">{text}</p>
            <a class="button button-primary" href=address>{label}</a>
        </div>
    }
}
