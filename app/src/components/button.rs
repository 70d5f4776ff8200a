//! The button that sends a form.

use leptos::prelude::*;

/// Sends the form it is in. While the answer is awaited it is disabled and shows that it works.
#[component]
pub fn SubmitButton(
    #[prop(into)] is_pending: Signal<bool>,
    /// Further classes: the look of the button.
    #[prop(default = "button-primary")]
    class: &'static str,
    /// The label. It stays while the form is sent.
    label: &'static str,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class=format!("button {class}")
            disabled=move || is_pending.get()
            aria-busy=move || is_pending.get().then_some("true")
        >
            {label}
        </button>
    }
}
