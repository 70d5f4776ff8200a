//! `/dashboard/community`: who follows one's channel, who moderates it, and whom one blocked.

mod moderator_form;
mod people;

use crate::{
    api::{
        blocks::{Block, Unblock},
        community::{AppointModerator, DismissModerator, community},
    },
    chrome::use_chrome,
    components::{load_failed::LoadFailed, page_meta::PageMeta},
    page_data::page_data,
    pages::lazy_page::lazy_page,
    paths,
    realtime::{Notice, use_realtime},
    state::{use_toasts, viewer_or_sign_in},
};
use domain::{
    UserId,
    community::{Circle, PeopleOrder, PeopleQuery, SEARCH_MAX},
    event::{Event, Topic},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use moderator_form::ModeratorForm;
use people::People;

/// What can be done to people here.
#[derive(Clone, Copy)]
pub(super) struct Actions {
    pub(super) block: ServerAction<Block>,
    pub(super) unblock: ServerAction<Unblock>,
    pub(super) appoint: ServerAction<AppointModerator>,
    pub(super) dismiss: ServerAction<DismissModerator>,
}

impl Actions {
    fn new() -> Self {
        let actions = Self {
            block: ServerAction::new(),
            unblock: ServerAction::new(),
            appoint: ServerAction::new(),
            dismiss: ServerAction::new(),
        };
        let toasts = use_toasts();
        Effect::new(move |_| {
            let answers = [actions.block.value().get(), actions.unblock.value().get(), actions.dismiss.value().get()];
            for error in answers.into_iter().flatten().filter_map(Result::err) {
                toasts.problem(error.to_string());
            }
        });
        actions
    }

    /// Changes with every answer.
    fn version(self) -> usize {
        let Self { block, unblock, appoint, dismiss } = self;
        block.version().get() + unblock.version().get() + appoint.version().get() + dismiss.version().get()
    }
}

lazy_page!(COMMUNITY = community_page in member);

fn community_page() -> AnyView {
    let content = viewer_or_sign_in(paths::COMMUNITY).map(|viewer| viewer.id).map(|viewer| view! { <Content viewer/> });
    view! {
        <PageMeta title="Community" description="The people around your channel."/>
        <div class="page-narrow">
            <h1 class="page-title">"Community"</h1>
            {content}
        </div>
    }
    .into_any()
}

#[component]
fn Content(viewer: UserId) -> impl IntoView {
    let query = asked();
    let actions = Actions::new();
    let n_changes = follower_changes(viewer);
    let page = page_data(
        move || (query.get(), actions.version(), n_changes.get()),
        |(PeopleQuery { circle, search, order, page }, ..)| community(circle, search, order, page),
    );
    let moderators = move || (query.with(|query| query.circle) == Circle::Moderators).then(|| view! { <ModeratorForm actions/> });
    view! {
        <nav class="tabs" aria-label="Lists of people">
            {Circle::ALL.map(|circle| view! { <Tab circle query/> }).collect_view()}
        </nav>
        {moderators}
        {move || view! { <Search query=query.get()/> }}
        <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
            {move || Suspend::new(async move {
                match page.await {
                    Ok(page) => view! { <People page query=query.get_untracked() actions/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| page.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// What the address asks for. Whatever it does not say, or says wrongly, is the default.
fn asked() -> Memo<PeopleQuery> {
    let query = use_query_map();
    Memo::new(move |_| {
        query.with(|query| PeopleQuery {
            circle: query.get_str("circle").and_then(|slug| slug.parse().ok()).unwrap_or(Circle::Followers),
            search: query.get_str("search").unwrap_or_default().to_owned(),
            order: query.get_str("order").and_then(|slug| slug.parse().ok()).unwrap_or_default(),
            page: query.get_str("page").and_then(|page| page.parse().ok()).unwrap_or(1),
        })
    })
}

/// Counts how often followers came or went while the page is open.
fn follower_changes(viewer: UserId) -> RwSignal<u32> {
    let n_changes = RwSignal::new(0);
    let position = use_chrome().with_untracked(|chrome| chrome.position);
    let realtime = use_realtime();
    Effect::new(move || {
        realtime.listen(vec![Topic::Channel(viewer)], position, move |notice| {
            if matches!(notice, Notice::Resync(_) | Notice::Event(_, Event::FollowersChanged { .. })) {
                n_changes.try_update(|n| *n += 1);
            }
        });
    });
    n_changes
}

#[component]
fn Tab(circle: Circle, query: Memo<PeopleQuery>) -> impl IntoView {
    let is_here = move || query.with(|query| query.circle == circle);
    let address = paths::community(&PeopleQuery { circle, search: String::new(), order: PeopleOrder::default(), page: 1 });
    view! {
        <a class="tab" href=address aria-current=move || is_here().then_some("page")>{circle.label()}</a>
    }
}

/// A plain form: it leads to another address of this page.
#[component]
fn Search(query: PeopleQuery) -> impl IntoView {
    let PeopleQuery { circle, search, order, .. } = query;
    view! {
        <form class="people-search" method="get" action=paths::COMMUNITY role="search">
            <input type="hidden" name="circle" value=circle.slug()/>
            <label class="only-heard" for="people-search">"A part of the name"</label>
            <input
                class="field-input"
                id="people-search"
                type="search"
                name="search"
                placeholder="Name"
                value=search
                maxlength=SEARCH_MAX.to_string()
            />
            <label class="only-heard" for="people-order">"Order"</label>
            <select class="field-input" id="people-order" name="order">
                {PeopleOrder::ALL
                    .map(|choice| view! { <option value=choice.slug() selected=choice == order>{choice.label()}</option> })
                    .collect_view()}
            </select>
            <button class="button" type="submit">"Search"</button>
        </form>
    }
}
