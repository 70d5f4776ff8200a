//! The button between the dark and the light page.

use super::icons::{Icon, Shape};
use crate::{document, state::use_session, theme::Theme};
use leptos::prelude::*;

/// Switches the theme and remembers it. Without script the page follows the system, and there is no button.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = use_session().theme;
    let switch = move |_| {
        let other = if document::is_dark(theme.get_untracked()) { Theme::Light } else { Theme::Dark };
        theme.set(Some(other));
        document::keep_theme(other);
    };
    view! {
        <button type="button" class="menu-item needs-script" title="Switch theme" on:click=switch>
            <Icon shape=Shape::SunMoon/>
            <span class="menu-label">"Switch theme"</span>
        </button>
    }
}
