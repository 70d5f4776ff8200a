//! What was found, a section each: live streams as cards, channels and past lessons as rows.

use super::Asked;
use crate::{
    components::{
        avatar::Avatar,
        cover::CategoryChip,
        icons::{Icon, Shape},
        live_badge::LiveBadge,
        local_time::LocalTime,
        stream_card::StreamCardView,
    },
    paths,
};
use domain::{
    UserId,
    search::{ChannelHit, PastLesson, SearchResults, SearchSection},
    stream::StreamCard,
};
use leptos::prelude::*;

/// The heading of a section and, in the overview, the way to the whole of it.
#[component]
fn Section(section: SearchSection, asked: Asked, has_more: bool, children: Children) -> impl IntoView {
    let heading = format!("found-{}", section.slug());
    let is_overview = asked.section.is_none();
    let label = section.label();
    let more = (is_overview && has_more).then(|| {
        let address = paths::search(&asked.term, Some(section), 1);
        view! {
            <a class="row-more" href=address aria-label=format!("All of {label}")>
                <span class="row-more-word">"See all"</span>
                <Icon shape=Shape::ChevronRight/>
            </a>
        }
    });
    view! {
        <section class="row" aria-labelledby=heading.clone()>
            <div class="row-head"><h2 class="row-title" id=heading.clone()>{label}</h2> {more}</div>
            {children()}
        </section>
    }
}

/// Streams that are live. Nothing, where the last of them ends.
#[component]
pub(super) fn LiveHits(results: Signal<SearchResults>, asked: Asked) -> impl IntoView {
    let is_any = Memo::new(move |_| results.with(|results| !results.live.items.is_empty()));
    let channels =
        Memo::new(move |_| results.with(|results| results.live.items.iter().map(|card| card.channel).collect::<Vec<UserId>>()));
    let each = move || {
        let channels = channels.get();
        results.with_untracked(|results| {
            let find = |channel| results.live.items.iter().find(|card| card.channel == channel).cloned();
            channels.into_iter().filter_map(find).collect::<Vec<_>>()
        })
    };
    move || {
        is_any.get().then(|| {
            let has_more = results.with_untracked(|results| results.live.has_more);
            view! {
                <Section section=SearchSection::Live asked=asked.clone() has_more>
                    <div class="grid">
                        <For each key=|card| card.channel let(first)>
                            <StreamCardView card=follow(results, first)/>
                        </For>
                    </div>
                </Section>
            }
        })
    }
}

/// One stream as it changes. Between its end and the removal of its card it stays as it was.
fn follow(results: Signal<SearchResults>, first: StreamCard) -> Memo<StreamCard> {
    Memo::new(move |last: Option<&StreamCard>| {
        let now = results.with(|results| results.live.items.iter().find(|card| card.channel == first.channel).cloned());
        now.unwrap_or_else(|| last.unwrap_or(&first).clone())
    })
}

/// Channels, those first that were live when the page was made.
#[component]
pub(super) fn ChannelHits(results: Signal<SearchResults>, asked: Asked) -> impl IntoView {
    let (hits, has_more) = results.with_untracked(|results| (results.channels.items.clone(), results.channels.has_more));
    (!hits.is_empty()).then(|| {
        view! {
            <Section section=SearchSection::Channels asked has_more>
                <ul class="hits">{hits.into_iter().map(|hit| view! { <Channel results hit/> }).collect_view()}</ul>
            </Section>
        }
    })
}

#[component]
fn Channel(results: Signal<SearchResults>, hit: ChannelHit) -> impl IntoView {
    let ChannelHit { channel, username, display_name, .. } = hit.clone();
    let now = Memo::new(move |_| {
        let current = results.with(|results| results.channels.items.iter().find(|hit| hit.channel == channel).cloned());
        current.unwrap_or_else(|| hit.clone())
    });
    let avatar = Signal::derive(move || now.with(|hit| hit.avatar));
    view! {
        <li class="hit">
            <Avatar username=username.as_str() display_name=display_name.clone() picture=avatar is_large=true/>
            <div class="hit-text">
                <h3 class="hit-title">
                    <a class="card-link" href=paths::channel(&username)>{display_name}</a>
                    <span class="hit-handle">{format!("@{username}")}</span>
                    {move || now.with(|hit| hit.signal).map(|signal| view! { <LiveBadge signal/> })}
                </h3>
                <p class="hit-line">{move || now.with(|hit| hit.title.clone())}</p>
            </div>
            <span class="hit-chip">{move || view! { <CategoryChip category=now.with(|hit| hit.category)/> }}</span>
        </li>
    }
}

/// Broadcasts that are over.
#[component]
pub(super) fn PastHits(results: Signal<SearchResults>, asked: Asked) -> impl IntoView {
    let (hits, has_more) = results.with_untracked(|results| (results.past.items.clone(), results.past.has_more));
    (!hits.is_empty()).then(|| {
        view! {
            <Section section=SearchSection::Past asked has_more>
                <ul class="hits">{hits.into_iter().map(|lesson| view! { <Past lesson/> }).collect_view()}</ul>
            </Section>
        }
    })
}

#[component]
fn Past(lesson: PastLesson) -> impl IntoView {
    let PastLesson { username, display_name, title, category, avatar, started_at, .. } = lesson;
    view! {
        <li class="hit">
            <Avatar username=username.as_str() display_name=display_name.clone() picture=avatar/>
            <div class="hit-text">
                <h3 class="hit-title"><a class="card-link" href=paths::channel(&username)>{title}</a></h3>
                <p class="hit-line">{display_name} " · " <LocalTime moment=started_at/></p>
            </div>
            <span class="hit-chip"><CategoryChip category/></span>
        </li>
    }
}
