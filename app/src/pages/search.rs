//! `/search?term=`: channels, what is live, and past lessons, as one overview or a section at a time.

mod hits;
mod live_results;
mod search_box;

use crate::{
    ApiError,
    api::search::search,
    components::{
        empty_state::EmptyState,
        icons::{Icon, Shape},
        load_failed::LoadFailed,
        page_meta::PageMeta,
        skeleton::CardSkeletons,
    },
    page_data::page_data,
    pages::lazy_page::lazy_page,
    paths, platform,
};
use domain::{
    Error,
    search::{MAX_PAGE, SearchResults, SearchSection},
};
use hits::{ChannelHits, LiveHits, PastHits};
use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use live_results::use_results;
use search_box::SearchBox;

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    term: String,
    section: Option<SearchSection>,
    page: u32,
}

impl Asked {
    fn read(query: &ParamsMap) -> Self {
        let page = query.get_str("page").and_then(|page| page.parse().ok());
        Self {
            term: query.get_str("term").unwrap_or_default().trim().to_owned(),
            section: query.get_str("in").and_then(|section| section.parse().ok()),
            page: page.unwrap_or(1).clamp(1, MAX_PAGE),
        }
    }

    /// The address of another page of the same.
    fn page(&self, page: u32) -> String {
        paths::search(&self.term, self.section, page)
    }
}

lazy_page!(SEARCH = search_page in browse);

fn search_page() -> AnyView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(Asked::read));
    if asked.with_untracked(|asked| asked.term.is_empty()) {
        platform::redirect("/");
    }
    let results = page_data(
        move || asked.get(),
        |asked| async move { if asked.term.is_empty() { None } else { Some(search(asked.term, asked.section, asked.page).await) } },
    );
    let term = Memo::new(move |_| asked.with(|asked| asked.term.clone()));
    view! {
        {move || {
            let title = format!("{} · Search", term.get());
            view! { <PageMeta title description="Channels, live lessons and past lessons on Learnify."/> }
        }}
        <h1 class="page-title search-title">"Results for “" {move || term.get()} "”"</h1>
        <SearchBox term/>
        <Sections asked/>
        <Transition fallback=|| view! { <div class="grid"><CardSkeletons/></div> }>
            {move || Suspend::new(async move {
                match results.await {
                    Some(Ok(found)) => {
                        let asked = asked.get_untracked();
                        view! { <Results found asked/> }.into_any()
                    }
                    Some(Err(ApiError::Domain(Error::Invalid { problems }))) => view! { <Refused problems/> }.into_any(),
                    Some(Err(error)) => view! { <LoadFailed error retry=move |()| results.refetch()/> }.into_any(),
                    None => ().into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

/// The overview and the sections, as links.
#[component]
fn Sections(asked: Memo<Asked>) -> impl IntoView {
    let link = move |section: Option<SearchSection>, label: &'static str| {
        let address = move || asked.with(|asked| paths::search(&asked.term, section, 1));
        let is_here = move || asked.with(|asked| asked.section == section).then_some("page");
        view! { <a class="tab" href=address aria-current=is_here>{label}</a> }
    };
    view! {
        <nav class="tabs" aria-label="Kinds of results">
            {link(None, "All")}
            {SearchSection::ALL.map(|section| link(Some(section), section.label())).collect_view()}
        </nav>
    }
}

#[component]
fn Results(found: SearchResults, asked: Asked) -> impl IntoView {
    if found.is_empty() {
        return view! { <NothingFound asked/> }.into_any();
    }
    let has_more = found.live.has_more || found.channels.has_more || found.past.has_more;
    let (is_similar, asked_again) = (found.is_similar, asked.clone());
    let results = use_results(found, asked.term.clone(), asked.section, asked.page);
    view! {
        {is_similar.then(|| view! { <p class="notice search-similar" role="status">"Nothing has exactly these words. This looks like them."</p> })}
        <LiveHits results asked=asked.clone()/>
        <ChannelHits results asked=asked.clone()/>
        <PastHits results asked/>
        <Pager asked=asked_again has_more/>
    }
    .into_any()
}

#[component]
fn NothingFound(asked: Asked) -> impl IntoView {
    if asked.page > 1 {
        let first = (asked.page(1), "To the first page");
        return view! { <EmptyState shape=Shape::SearchX title="Nothing on this page" text="There are fewer results than that." action=first/> };
    }
    let title = format!("Nothing found for “{}”", asked.term);
    let text = "Check the spelling, try fewer words, or look for a name.";
    view! { <EmptyState shape=Shape::SearchX title text action=("/".to_owned(), "See what is live")/> }
}

/// A term that nobody can look for.
#[component]
fn Refused(problems: Vec<domain::Problem>) -> impl IntoView {
    let text = Error::Invalid { problems }.to_string();
    view! { <EmptyState shape=Shape::SearchX title="This cannot be searched for" text action=("/".to_owned(), "See what is live")/> }
}

/// The way to the pages before and after, within a section.
#[component]
fn Pager(asked: Asked, has_more: bool) -> impl IntoView {
    let Asked { section, page, .. } = asked;
    let step = |to: u32, label: &'static str, shape| view! { <a class="button" href=asked.page(to)><Icon shape/> {label}</a> };
    let before = (page > 1).then(|| step(page - 1, "Previous", Shape::ChevronLeft));
    let after = (has_more && page < MAX_PAGE).then(|| step(page + 1, "Next", Shape::ChevronRight));
    let is_shown = section.is_some() && (before.is_some() || after.is_some());
    is_shown.then(|| view! { <nav class="pager" aria-label="Pages">{before} <span>{format!("Page {page}")}</span> {after}</nav> })
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use domain::search::{MAX_PAGE, SearchSection};
    use leptos_router::params::ParamsMap;

    fn read(pairs: &[(&str, &str)]) -> Asked {
        let mut query = ParamsMap::new();
        for (name, value) in pairs {
            query.insert((*name).to_owned(), (*value).to_owned());
        }
        Asked::read(&query)
    }

    #[test]
    fn the_address_says_what_is_asked() {
        assert_eq!(read(&[("term", " ana ")]), Asked { term: "ana".to_owned(), section: None, page: 1 });
        let past = read(&[("term", "ana"), ("in", "past"), ("page", "3")]);
        assert_eq!((past.section, past.page), (Some(SearchSection::Past), 3));
        assert_eq!(past.page(2), "/search?term=ana&in=past&page=2");
    }

    #[test]
    fn nonsense_in_the_address_is_passed_over() {
        let odd = read(&[("term", ""), ("in", "everything"), ("page", "-1")]);
        assert_eq!(odd, Asked { term: String::new(), section: None, page: 1 });
        assert_eq!(read(&[("page", "4000000000")]).page, MAX_PAGE);
    }
}
