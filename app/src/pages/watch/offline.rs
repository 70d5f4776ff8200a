//! In the player's box while nothing plays: what was on, and when to come back. Nobody has to load the page again for it.

use crate::{
    components::{countdown::Countdown, local_time::LocalTime},
    format,
};
use domain::{
    channel::{ChannelPage, PastBroadcast},
    schedule::UpcomingLesson,
};
use leptos::prelude::*;

#[component]
pub(super) fn Meanwhile(channel: Signal<ChannelPage>) -> impl IntoView {
    let next = channel.with_untracked(|channel| channel.upcoming.first().cloned());
    let last = Memo::new(move |_| channel.with(|channel| channel.last_broadcast.clone()));
    view! {
        <Next next/>
        {move || last.get().map(|last| view! { <Last last/> })}
    }
}

#[component]
fn Next(next: Option<UpcomingLesson>) -> impl IntoView {
    match next {
        Some(lesson) => view! {
            <p class="player-next">
                "Next: " <strong>{lesson.title}</strong> ", " <LocalTime moment=lesson.starts_at/> " "
                <Countdown until=lesson.starts_at/>
            </p>
        }
        .into_any(),
        None => view! { <p class="player-next needs-script">"The next lesson begins here by itself."</p> }.into_any(),
    }
}

#[component]
fn Last(last: PastBroadcast) -> impl IntoView {
    let PastBroadcast { title, started_at, ended_at } = last;
    // A page that saw the end itself need not be told when it was.
    let when = ended_at.map(|ended_at| {
        view! { ", " <LocalTime moment=started_at/> ", " {format::duration(ended_at.millis_since(started_at))} }
    });
    view! { <p class="player-next player-last">"Last time: " <strong>{title}</strong> {when}</p> }
}
