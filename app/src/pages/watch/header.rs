//! Under the player: what is on, by whom, for how many, since when.

use super::side::SideButton;
use crate::{
    components::{
        avatar::Avatar,
        block_button::BlockButton,
        cover::CategoryChip,
        follow_button::FollowButton,
        level_badge::LevelBadge,
        live_badge::{LiveBadge, ViewerCount},
        share_menu::ShareMenu,
    },
    dom::{self, Interval, Slot},
    paths,
};
use domain::{
    Timestamp,
    channel::ChannelPage,
    stream::{self, Live},
};
use leptos::prelude::*;

#[component]
pub(super) fn StreamHeader(channel: Signal<ChannelPage>) -> impl IntoView {
    let ChannelPage { channel: id, username, address, about, .. } = channel.get_untracked();
    let title = Memo::new(move |_| channel.with(|channel| channel.title.clone()));
    let name = Memo::new(move |_| channel.with(|channel| channel.display_name.clone()));
    let picture = username.to_string();
    let follow = Signal::derive(move || channel.with(|channel| channel.follow));
    let category = Memo::new(move |_| channel.with(|channel| channel.category));
    let is_live = Memo::new(move |_| channel.with(|channel| channel.live.is_some()));
    let avatar = Signal::derive(move || channel.with(|channel| channel.avatar));
    view! {
        <header class="watch-head">
            {move || view! { <Avatar username=picture.as_str() display_name=name.get() picture=avatar is_large=true/> }}
            <div class="watch-text">
                <h1 class="watch-title">{move || title.get()}</h1>
                <p class="watch-name">
                    <span>{move || name.get()}</span>
                    <LevelBadge level=about.level/>
                    <span class="watch-handle">{format!("@{username}")}</span>
                </p>
                <div class="watch-facts">
                    {move || is_live.get().then(|| view! { <LiveFacts channel/> })}
                    <a class="watch-category" href=move || paths::category(category.get())>
                        {move || view! { <CategoryChip category=category.get()/> }}
                    </a>
                </div>
            </div>
            <div class="watch-actions">
                <FollowButton channel=id username=username.as_str() initial=follow/>
                <ShareMenu address title/>
                <BlockButton person=id username=username.as_str()/>
                <SideButton/>
            </div>
        </header>
    }
}

/// The badge, the viewers and the time on air.
#[component]
fn LiveFacts(channel: Signal<ChannelPage>) -> impl IntoView {
    // When the stream ends these are read once more before they are taken away.
    let read = move |read: fn(&Live) -> u32| channel.with(|channel| channel.live.as_ref().map_or(0, read));
    let signal = move || channel.with(|channel| channel.live.as_ref().map_or(stream::Signal::Live, |live| live.signal));
    let started_at = channel.with_untracked(|channel| channel.live.as_ref().map_or(Timestamp(0), |live| live.started_at));
    view! {
        <LiveBadge signal=Signal::derive(signal)/>
        <ViewerCount viewers=Signal::derive(move || read(|live| live.viewers))/>
        <Uptime started_at/>
    }
}

/// The time on air, counted in the browser: only the browser knows now.
#[component]
fn Uptime(started_at: Timestamp) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let interval = Slot::new();
    Effect::new(move || {
        let tick = move || {
            #[expect(clippy::cast_possible_truncation, reason = "a browser's clock is far from either end")]
            let now = Timestamp(dom::now() as i64);
            text.set(clock(now.millis_since(started_at) / 1000));
        };
        tick();
        interval.set(Interval::new(1000, tick));
    });
    on_cleanup(move || interval.set(None));
    view! {
        <span class="watch-uptime">
            <span class="only-heard">"On air for "</span>
            <time datetime=started_at.to_rfc3339()>{move || text.get()}</time>
        </span>
    }
}

/// Hours, minutes and seconds.
fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn the_time_on_air_counts_hours() {
        for (seconds, text) in [(0, "0:00:00"), (61, "0:01:01"), (3_599, "0:59:59"), (360_000, "100:00:00")] {
            assert_eq!(clock(seconds), text);
        }
    }
}
