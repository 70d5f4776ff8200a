//! A live stream in a row or a grid.

use super::{
    avatar::Avatar,
    cover::{CategoryChip, Cover},
    live_badge::{LiveBadge, ViewerCount},
};
use crate::paths;
use domain::stream::StreamCard;
use leptos::prelude::*;

/// A card. Its one link stretches over all of it. Title, state and viewers follow `card`;
/// a stream that changes its category comes as another card.
#[component]
pub fn StreamCardView(card: Memo<StreamCard>) -> impl IntoView {
    let StreamCard { username, display_name, category, .. } = card.get_untracked();
    let cover = Signal::derive(move || card.with(|card| card.cover));
    let avatar = Signal::derive(move || card.with(|card| card.avatar));
    view! {
        <article class="card">
            <Cover category username=username.as_str() display_name=display_name.clone() picture=cover/>
            <div class="card-badges">
                <LiveBadge signal=Signal::derive(move || card.with(|card| card.live.signal))/>
                <ViewerCount viewers=Signal::derive(move || card.with(|card| card.live.viewers))/>
            </div>
            <div class="card-body">
                <Avatar username=username.as_str() display_name=display_name picture=avatar/>
                <div class="card-text">
                    <h3 class="card-title">
                        <a class="card-link" href=paths::channel(&username)>{Signal::derive(move || card.with(|card| card.title.clone()))}</a>
                    </h3>
                    <p class="card-name">{Signal::derive(move || card.with(|card| card.display_name.clone()))}</p>
                    <CategoryChip category/>
                </div>
            </div>
        </article>
    }
}
