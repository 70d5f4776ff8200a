//! What stands where something could not be loaded.

use super::icons::{Icon, Shape};
use crate::{ApiError, platform};
use leptos::{prelude::*, server_fn::error::FromServerFnError};

/// Says what went wrong and offers to try again. Gives the page the status of the error.
#[component]
pub fn LoadFailed(error: ApiError, #[prop(into)] retry: Callback<()>) -> impl IntoView {
    platform::set_status(error.status_code());
    view! {
        <div class="empty" role="alert">
            <span class="empty-icon"><Icon shape=Shape::CircleAlert/></span>
            <h2 class="empty-title">"This did not load"</h2>
            <p class="empty-text">{error.to_string()}</p>
            <button type="button" class="button needs-script" on:click=move |_| retry.run(())>"Try again"</button>
        </div>
    }
}
