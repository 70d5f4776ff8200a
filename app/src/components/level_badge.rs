//! The level of a member.

use domain::level::Level;
use leptos::prelude::*;

/// The number in the color of its tier. A screen reader hears "Level 12".
#[component]
pub fn LevelBadge(level: Level) -> impl IntoView {
    view! {
        <span class=format!("level level-{}", level.tier())>
            <span class="only-heard">"Level "</span>
            <span aria-hidden="true">"Lv "</span>
            {level.number()}
        </span>
    }
}
