//! The way into a category.

use super::{cover::category_shape, icons::Icon, stream_row::n_live};
use crate::{format, paths};
use domain::{Category, stream::StreamSnapshot};
use leptos::prelude::*;

/// A picture of a category with its name and how many are live in it.
#[component]
pub fn CategoryTile(category: Category, list: Signal<StreamSnapshot>) -> impl IntoView {
    let class = Signal::derive(move || if n_live(list, category) == 0 { "tile-live" } else { "tile-live is-live" });
    view! {
        <a class=format!("tile tint-{category}") href=paths::category(category)>
            <Icon shape=category_shape(category)/>
            <span class="tile-name">{category.label()}</span>
            <span class=class>
                {Signal::derive(move || match n_live(list, category) {
                    0 => "Nobody live yet".to_owned(),
                    n => format!("{} live", format::count(n)),
                })}
            </span>
        </a>
    }
}
