//! The frame of the pages that sign people in and up.

use leptos::prelude::*;

/// A heading, a sentence and a form in the middle of the page.
#[component]
pub fn AuthCard(
    #[prop(into)] title: String,
    #[prop(into)] text: String,
    /// The form and whatever stands below it.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="auth">
            <div class="auth-card">
                <h1 class="auth-title">{title}</h1>
                <p class="auth-text">{text}</p>
                {children()}
            </div>
        </div>
    }
}
