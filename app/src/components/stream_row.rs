//! The live streams of one category, as a row of the home page and as the grid of the category's own page.

use super::{
    cover::category_shape,
    icons::{Icon, Shape},
    stream_card::StreamCardView,
};
use crate::{format, paths, platform};
use domain::{
    Category, UserId,
    stable_order::keep_order,
    stream::{CategoryRow, StreamCard, StreamSnapshot},
};
use leptos::prelude::*;

/// One category: its name, how many are live, and the first of them side by side. Hidden while there are none.
#[component]
pub fn StreamRow(category: Category, list: Signal<StreamSnapshot>) -> impl IntoView {
    let heading = format!("row-{category}");
    view! {
        <section class="row" aria-labelledby=heading.clone() hidden=Signal::derive(move || n_live(list, category) == 0)>
            <div class="row-head">
                <h2 class=format!("row-title tint-{category}") id=heading.clone()>
                    <Icon shape=category_shape(category)/>
                    {category.label()}
                </h2>
                <span class="row-count">{Signal::derive(move || format!("{} live", format::count(n_live(list, category))))}</span>
                <a class="row-more" href=paths::category(category) aria-label=format!("See all in {}", category.label())>
                    <span class="row-more-word">"See all"</span>
                    <Icon shape=Shape::ChevronRight/>
                </a>
            </div>
            <div class="rail"><StreamCards category list/></div>
        </section>
    }
}

/// The cards of one category. One that is shown keeps its place; a new one comes last.
#[component]
pub fn StreamCards(category: Category, list: Signal<StreamSnapshot>) -> impl IntoView {
    let channels = Memo::new(move |shown: Option<&Vec<UserId>>| {
        let current = list.with(|list| cards(list, category).iter().map(|card| card.channel).collect::<Vec<_>>());
        keep_order(shown.map_or(&[], Vec::as_slice), &current)
    });
    // The list is rebuilt only when a card comes or goes; each card follows its own stream.
    let each = move || {
        let channels = channels.get();
        list.with_untracked(|list| {
            let find = |channel| cards(list, category).iter().find(|card| card.channel == channel).cloned();
            channels.into_iter().filter_map(find).collect::<Vec<_>>()
        })
    };
    let draw = move || {
        view! {
            <For each key=|card| card.channel let(first)>
                <StreamCardView card=follow(list, first)/>
            </For>
        }
        .into_any()
    };
    list.with_untracked(|list| platform::keep_cards(cards(list, category), draw))
}

/// The card of one stream as it changes. Between the end of the stream and the removal of its card it stays as it was.
pub fn follow(list: Signal<StreamSnapshot>, first: StreamCard) -> Memo<StreamCard> {
    Memo::new(move |last: Option<&StreamCard>| {
        let now = list.with(|list| cards(list, first.category).iter().find(|card| card.channel == first.channel).cloned());
        now.unwrap_or_else(|| last.unwrap_or(&first).clone())
    })
}

/// How many are live in a category.
pub fn n_live(list: Signal<StreamSnapshot>, category: Category) -> u32 {
    list.with(|list| row(list, category).map_or(0, |row| row.total))
}

fn row(list: &StreamSnapshot, category: Category) -> Option<&CategoryRow> {
    list.rows.iter().find(|row| row.category == category)
}

fn cards(list: &StreamSnapshot, category: Category) -> &[StreamCard] {
    row(list, category).map_or(&[], |row| &row.streams)
}
