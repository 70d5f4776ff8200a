//! `/category/{slug}`: everything live in one category, 24 to a page.

use super::not_found::NotFound;
use crate::{
    api::streams::stream_snapshot,
    components::{
        cover::category_shape,
        empty_state::EmptyState,
        icons::{Icon, Shape},
        load_failed::LoadFailed,
        page_meta::PageMeta,
        skeleton::CardSkeletons,
        stream_row::{StreamCards, n_live},
    },
    format,
    page_data::page_data,
    pages::lazy_page::lazy_page,
    paths,
    stream_list::use_stream_list,
};
use domain::{
    Category,
    stream::{PAGE_LENGTH, StreamScope, StreamSnapshot},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

lazy_page!(CATEGORY = category_page in browse);

fn category_page() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    // Nothing for an address that names no category.
    let category = Memo::new(move |_| params.with(|params| params.get_str("slug")?.parse::<Category>().ok()));
    let page = Memo::new(move |_| query.with(|query| query.get_str("page")?.parse().ok()).unwrap_or(1).max(1));
    let scope = move || category.get().map(|category| StreamScope::Category { category, page: page.get() });
    let snapshot = page_data(scope, |scope| async move {
        match scope {
            Some(scope) => Some(stream_snapshot(scope).await),
            None => None,
        }
    });
    let content = move || match category.get() {
        None => view! { <NotFound/> }.into_any(),
        Some(category) => view! {
            <CategoryHeading category/>
            <Transition fallback=|| view! { <div class="grid"><CardSkeletons/></div> }>
                {move || Suspend::new(async move {
                    let page = page.get_untracked();
                    match snapshot.await {
                        Some(Ok(initial)) => view! { <CategoryStreams initial category page/> }.into_any(),
                        Some(Err(error)) => view! { <LoadFailed error retry=move |()| snapshot.refetch()/> }.into_any(),
                        None => ().into_any(),
                    }
                })}
            </Transition>
        }
        .into_any(),
    };
    content.into_any()
}

#[component]
fn CategoryHeading(category: Category) -> impl IntoView {
    let label = category.label();
    view! {
        <PageMeta
            title=label
            description=format!("Lessons in {label} that are live right now. Join one, or be told when the next begins.")
        />
        <header class=format!("banner tint-{category}")>
            <Icon shape=category_shape(category)/>
            <h1 class="banner-title">{label}</h1>
        </header>
    }
}

#[component]
fn CategoryStreams(initial: StreamSnapshot, category: Category, page: u32) -> impl IntoView {
    let list = use_stream_list(initial, StreamScope::Category { category, page });
    let n_live = Memo::new(move |_| n_live(list, category));
    let is_empty = Memo::new(move |_| list.with(|list| list.rows.iter().all(|row| row.streams.is_empty())));
    view! {
        <h2 class="banner-count">{move || format!("{} live now", format::count(n_live.get()))}</h2>
        <div class="grid"><StreamCards category list/></div>
        {move || is_empty.get().then(|| view! { <NobodyHere category page/> })}
        <Pager category page n_live/>
    }
}

#[component]
fn NobodyHere(category: Category, page: u32) -> impl IntoView {
    if page > 1 {
        let first = (paths::category(category), "To the first page");
        view! { <EmptyState shape=Shape::SearchX title="Nothing on this page" text="There are fewer lessons than that right now." action=first/> }
    } else {
        let text = "The next lesson in this category appears here by itself the moment it begins.";
        view! { <EmptyState shape=category_shape(category) title="Nobody is live here yet" text action=("/".to_owned(), "See what else is live")/> }
    }
}

/// The way to the pages before and after, when there is more than one.
#[component]
fn Pager(category: Category, page: u32, n_live: Memo<u32>) -> impl IntoView {
    let length = u32::try_from(PAGE_LENGTH).unwrap_or(u32::MAX);
    let n_pages = Memo::new(move |_| n_live.get().div_ceil(length).max(1));
    let step = move |to: u32, label: &'static str, shape| {
        let exists = move || to >= 1 && to <= n_pages.get() && to != page;
        move || exists().then(|| view! { <a class="button" href=paths::category_page(category, to)><Icon shape/> {label}</a> })
    };
    let (before, after) =
        (step(page.saturating_sub(1), "Previous", Shape::ChevronLeft), step(page + 1, "Next", Shape::ChevronRight));
    view! {
        <nav class="pager" aria-label="Pages" hidden=move || n_pages.get() == 1 && page == 1>
            {before}
            <span>{move || format!("Page {page} of {}", n_pages.get())}</span>
            {after}
        </nav>
    }
}
