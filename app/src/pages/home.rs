//! `/`: what is live now, the most watched in front.

use crate::{
    api::streams::stream_snapshot,
    components::{
        category_tile::CategoryTile, hero::Hero, load_failed::LoadFailed, page_meta::PageMeta, skeleton::HomeSkeleton,
        stream_row::StreamRow, upcoming::UpcomingList,
    },
    page_data::page_data,
    pages::lazy_page::Page,
    state::use_viewer,
    stream_list::use_stream_list,
};
use domain::{
    Category,
    stream::{StreamScope, StreamSnapshot},
    stream_list::in_display_order,
};
use leptos::prelude::*;

/// With fewer live streams than this, the page also says what comes next.
const FEW_LIVE: u32 = 3;

pub(crate) const HOME: Page =
    Page { name: "home_page", part: None, load: || Box::pin(async { Ok(()) }), open: || Box::pin(async { Ok(home_page()) }) };

fn home_page() -> AnyView {
    let snapshot = page_data(|| (), |()| stream_snapshot(StreamScope::Home));
    view! {
        <PageMeta
            title="Live lessons"
            description="Watch lessons as they happen, ask while they happen, and teach your own: live, with less than a second of delay."
        />
        <HomeHeading/>
        <Transition fallback=HomeSkeleton>
            {move || Suspend::new(async move {
                match snapshot.await {
                    Ok(initial) => view! { <HomeStreams initial/> }.into_any(),
                    Err(error) => view! { <LoadFailed error retry=move |()| snapshot.refetch()/> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// A guest is told what this is; a member knows.
#[component]
fn HomeHeading() -> impl IntoView {
    if use_viewer().with_untracked(Option::is_some) {
        return view! { <h1 class="only-heard">"Live lessons"</h1> }.into_any();
    }
    view! {
        <div class="welcome">
            <h1 class="welcome-title">"Learn it live."</h1>
            <p class="welcome-text">"Real lessons by real people, as they happen. Watch, ask, and come back for the next one."</p>
        </div>
    }
    .into_any()
}

/// A row for each category. Their order is decided once: those that were live first, by number, and below them the
/// others, so that a row which comes while the page is open pushes nothing that is read.
#[component]
fn HomeStreams(initial: StreamSnapshot) -> impl IntoView {
    let order: Vec<Category> = in_display_order(&initial.rows).into_iter().map(|row| row.category).collect();
    let list = use_stream_list(initial, StreamScope::Home);
    view! {
        <Hero list/>
        <nav class="tiles" aria-label="Categories">
            {Category::ALL.map(|category| view! { <CategoryTile category list/> }).collect_view()}
        </nav>
        {order.into_iter().map(|category| view! { <StreamRow category list/> }).collect_view()}
        <ComingUp list/>
    }
}

/// What comes next, while there is room for it. With nothing live at all the hero says it.
#[component]
fn ComingUp(list: Signal<StreamSnapshot>) -> impl IntoView {
    let is_shown = Memo::new(move |_| {
        list.with(|list| {
            let n_live: u32 = list.rows.iter().map(|row| row.total).sum();
            (1..FEW_LIVE).contains(&n_live) && !list.upcoming.is_empty()
        })
    });
    move || {
        is_shown.get().then(|| {
            view! {
                <section class="row" aria-labelledby="coming-up">
                    <div class="row-head"><h2 class="row-title" id="coming-up">"Coming up"</h2></div>
                    <UpcomingList lessons=list.with_untracked(|list| list.upcoming.clone())/>
                </section>
            }
        })
    }
}
