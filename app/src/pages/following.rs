//! `/following`: the channels that the viewer follows, live ones first.

use crate::{
    api::follows::following,
    components::{
        avatar::Avatar,
        cover::CategoryChip,
        empty_state::EmptyState,
        icons::{Icon, Shape},
        load_failed::LoadFailed,
        page_meta::PageMeta,
        skeleton::CardSkeletons,
        stream_card::StreamCardView,
    },
    page_data::page_data,
    pages::lazy_page::lazy_page,
    paths,
    realtime::{Notice, Refresh, use_realtime},
    state::viewer_or_sign_in,
};
use domain::{
    UserId,
    event::Topic,
    follow::{FollowingPage as Followed, OfflineChannel},
    stream::StreamCard,
    stream_list::Applied,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

lazy_page!(FOLLOWING = following_page in browse);

fn following_page() -> AnyView {
    let viewer = viewer_or_sign_in(paths::FOLLOWING).map(|viewer| viewer.id);
    let query = use_query_map();
    let page = Memo::new(move |_| query.with(|query| query.get_str("page")?.parse().ok()).unwrap_or(1_u32).max(1));
    let followed = page_data(
        move || page.get(),
        move |page| async move { if viewer.is_some() { Some(following(page).await) } else { None } },
    );
    let content = viewer.map(|viewer| {
        view! {
            <Transition fallback=|| view! { <div class="grid"><CardSkeletons n_cards=4/></div> }>
                {move || Suspend::new(async move {
                    match followed.await {
                        Some(Ok(initial)) => view! { <Channels initial viewer/> }.into_any(),
                        Some(Err(error)) => view! { <LoadFailed error retry=move |()| followed.refetch()/> }.into_any(),
                        None => ().into_any(),
                    }
                })}
            </Transition>
        }
    });
    view! {
        <PageMeta title="Following" description="The channels that you follow, live ones first."/>
        <h1 class="page-title">"Following"</h1>
        {content}
    }
    .into_any()
}

#[component]
fn Channels(initial: Followed, viewer: UserId) -> impl IntoView {
    let (page, n_pages) = (initial.page, initial.n_pages);
    let followed = use_followed(initial, viewer);
    let is_empty = Memo::new(move |_| followed.with(|followed| followed.total == 0));
    let n_live = Memo::new(move |_| followed.with(|followed| followed.live.len()));
    let n_offline = Memo::new(move |_| followed.with(|followed| followed.offline.len()));
    let nobody = move || {
        is_empty.get().then(|| {
            let (title, text) =
                ("You do not follow anybody yet", "Follow a channel, and you find it here and hear when it goes live.");
            view! { <EmptyState shape=Shape::Heart title text action=("/".to_owned(), "See what is live")/> }
        })
    };
    view! {
        {nobody}
        <section class="followed" aria-labelledby="followed-live" hidden=move || n_live.get() == 0>
            <h2 class="row-title" id="followed-live">"Live now"</h2>
            <div class="grid"><LiveCards followed/></div>
        </section>
        <section class="followed" aria-labelledby="followed-offline" hidden=move || n_offline.get() == 0>
            <h2 class="row-title" id="followed-offline">"Not live"</h2>
            <ul class="people-grid"><OfflineCards followed/></ul>
        </section>
        <nav class="pager" aria-label="Pages" hidden=n_pages == 1>
            {(page > 1).then(|| view! { <a class="button" href=paths::following_page(page - 1)><Icon shape=Shape::ChevronLeft/> "Previous"</a> })}
            <span>{format!("Page {page} of {n_pages}")}</span>
            {(page < n_pages).then(|| view! { <a class="button" href=paths::following_page(page + 1)><Icon shape=Shape::ChevronRight/> "Next"</a> })}
        </nav>
    }
}

#[component]
fn LiveCards(followed: Signal<Followed>) -> impl IntoView {
    let channels =
        Memo::new(move |_| followed.with(|followed| followed.live.iter().map(|card| card.channel).collect::<Vec<_>>()));
    let each = move || {
        channels.track();
        followed.with_untracked(|followed| followed.live.clone())
    };
    let follow = move |first: StreamCard| {
        Memo::new(move |last: Option<&StreamCard>| {
            let now = followed.with(|followed| followed.live.iter().find(|card| card.channel == first.channel).cloned());
            now.unwrap_or_else(|| last.unwrap_or(&first).clone())
        })
    };
    view! { <For each key=|card| (card.channel, card.category) let(first)><StreamCardView card=follow(first)/></For> }
}

#[component]
fn OfflineCards(followed: Signal<Followed>) -> impl IntoView {
    let channels = Memo::new(move |_| followed.with(|followed| followed.offline.clone()));
    view! {
        <For each=move || channels.get() key=|channel| channel.id let(channel)>
            <OfflineCard channel/>
        </For>
    }
}

#[component]
fn OfflineCard(channel: OfflineChannel) -> impl IntoView {
    let OfflineChannel { username, display_name, title, category, avatar, .. } = channel;
    view! {
        <li class="person-card">
            <Avatar username=username.as_str() display_name=display_name.clone() picture=avatar is_large=true/>
            <div class="card-text">
                <h3 class="person-card-name"><a class="card-link" href=paths::channel(&username)>{display_name}</a></h3>
                <p class="card-name">{title}</p>
                <CategoryChip category/>
            </div>
        </li>
    }
}

/// Seeded with the page's snapshot, then patched by events, and re-read when one of them does not tell enough.
fn use_followed(initial: Followed, viewer: UserId) -> Signal<Followed> {
    let page = initial.page;
    let position = initial.position;
    let shown = RwSignal::new(initial);
    let realtime = use_realtime();
    Effect::new(move || {
        let refresh = Refresh::new(
            move || async move { following(page).await.ok() },
            |followed: &Followed| followed.position,
            move |snapshot| {
                shown.try_update(|followed| followed.replace(snapshot));
            },
        );
        realtime.listen(vec![Topic::Streams, Topic::Member(viewer)], position, move |notice| {
            let needed = match notice {
                Notice::Resync(position) => Some(position),
                Notice::Event(position, event) => {
                    let applied = shown.try_maybe_update(|followed| {
                        let applied = followed.apply(position, event);
                        (applied == Applied::Changed, applied)
                    });
                    (applied == Some(Applied::Incomplete)).then_some(position)
                }
            };
            if let Some(position) = needed {
                refresh.ask(position);
            }
        });
    });
    shown.into()
}
