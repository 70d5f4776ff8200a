//! What an address shows that leads nowhere.

use crate::{
    components::{empty_state::EmptyState, icons::Shape, page_meta::PageMeta},
    platform,
};
use http::StatusCode;
use leptos::prelude::*;

/// Says that there is nothing here, also to machines.
#[component]
pub fn NotFound() -> impl IntoView {
    platform::set_status(StatusCode::NOT_FOUND);
    view! {
        <PageMeta title="Not found" description="There is nothing at this address."/>
        <h1 class="only-heard">"Not found"</h1>
        <EmptyState
            shape=Shape::SearchX
            title="There is nothing here"
            text="The address may be mistyped, or what was here has moved on."
            action=("/".to_owned(), "See what is live")
        />
    }
}
