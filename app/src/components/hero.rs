//! The top of the home page: the stream with most viewers, or what is there to do while nothing is live.

use super::{
    avatar::Avatar,
    cover::{CategoryChip, Cover},
    icons::{Icon, Shape},
    live_badge::{LiveBadge, ViewerCount},
    stream_row::follow,
    upcoming::UpcomingList,
};
use crate::{paths, state::use_viewer};
use domain::{
    schedule::UpcomingLesson,
    stream::{StreamCard, StreamSnapshot},
};
use leptos::prelude::*;

/// Shows the hero of the list and changes with it. Both of its faces are of one size, so nothing below moves.
#[component]
pub fn Hero(list: Signal<StreamSnapshot>) -> impl IntoView {
    // Another stream, or the same one in another category, is another hero; everything else changes in place.
    let chosen = Memo::new(move |_| list.with(|list| list.hero.as_ref().map(|card| (card.channel, card.category))));
    move || {
        chosen.track();
        match list.with_untracked(|list| list.hero.clone()) {
            Some(first) => view! { <HeroStream card=follow(list, first)/> }.into_any(),
            None => view! { <NothingLive upcoming=list.with_untracked(|list| list.upcoming.clone())/> }.into_any(),
        }
    }
}

#[component]
fn HeroStream(card: Memo<StreamCard>) -> impl IntoView {
    let StreamCard { username, display_name, category, .. } = card.get_untracked();
    let cover = Signal::derive(move || card.with(|card| card.cover));
    let avatar = Signal::derive(move || card.with(|card| card.avatar));
    view! {
        <section class=format!("hero tint-{category}") aria-label="Most watched now">
            <div class="hero-text">
                <div class="hero-badges">
                    <LiveBadge signal=Signal::derive(move || card.with(|card| card.live.signal))/>
                    <ViewerCount viewers=Signal::derive(move || card.with(|card| card.live.viewers))/>
                </div>
                <h2 class="hero-title">
                    <a class="card-link" href=paths::channel(&username)>{Signal::derive(move || card.with(|card| card.title.clone()))}</a>
                </h2>
                <div class="hero-person">
                    <Avatar username=username.as_str() display_name=display_name.clone() picture=avatar is_large=true/>
                    <div>
                        <p class="hero-name">{Signal::derive(move || card.with(|card| card.display_name.clone()))}</p>
                        <CategoryChip category/>
                    </div>
                </div>
                <span class="button button-primary hero-watch" aria-hidden="true"><Icon shape=Shape::Play/> "Watch"</span>
            </div>
            <Cover category username=username.as_str() display_name picture=cover sizes="(width < 46rem) 100vw, 58vw"/>
        </section>
    }
}

/// Nothing is live: what comes next, and an invitation.
#[component]
fn NothingLive(upcoming: Vec<UpcomingLesson>) -> impl IntoView {
    let (address, rel, label) = if use_viewer().with_untracked(Option::is_some) {
        (paths::DASHBOARD.to_owned(), Some("external"), "Go live")
    } else {
        (paths::sign_up(Some(paths::DASHBOARD)), None, "Start teaching")
    };
    let next = (!upcoming.is_empty()).then(|| {
        view! {
            <div class="hero-next">
                <h3 class="hero-next-title">"Coming up"</h3>
                <UpcomingList lessons=upcoming.into_iter().take(3).collect()/>
            </div>
        }
    });
    view! {
        <section class="hero hero-quiet" aria-label="Nothing live">
            <div class="hero-text">
                <h2 class="hero-title">"Nobody is live right now"</h2>
                <p class="hero-lead">"The next lesson appears here by itself the moment it begins. Why not make it yours?"</p>
                <a class="button button-primary" href=address rel=rel><Icon shape=Shape::Radio/> {label}</a>
            </div>
            {next}
        </section>
    }
}
