//! Searching.

use crate::ApiError;
#[allow(unused_imports, reason = "only the server's side of the functions below uses it")]
use crate::platform;
use domain::search::{SearchResults, SearchSection, Suggestion};
use leptos::{prelude::*, server};
use server_fn::codec::GetUrl;

/// One page of one section, or the beginning of all of them. Pages are counted from 1.
#[server(input = GetUrl)]
pub async fn search(term: String, section: Option<SearchSection>, page: u32) -> Result<SearchResults, ApiError> {
    let (backend, viewer) = (platform::backend()?, platform::viewer());
    Ok(backend.search.find(viewer.as_ref(), &term, section, page).await?)
}

/// The channels that somebody may mean who is still typing.
#[server(input = GetUrl)]
pub async fn search_suggestions(term: String) -> Result<Vec<Suggestion>, ApiError> {
    let (backend, viewer) = (platform::backend()?, platform::viewer());
    Ok(backend.search.suggest(viewer.as_ref(), &term).await?)
}
