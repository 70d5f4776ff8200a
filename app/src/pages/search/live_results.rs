//! Results that stay current: what was found goes live, changes and ends by itself.

use crate::{
    api::search::search,
    realtime::{Notice, Refresh, use_realtime},
};
use domain::{
    event::Topic,
    search::{SearchResults, SearchSection},
    stream_list::Applied,
};
use leptos::prelude::*;

/// Seeded with what came with the page, then patched by events, and searched for again only when some were missed.
pub(super) fn use_results(
    initial: SearchResults,
    term: String,
    section: Option<SearchSection>,
    page: u32,
) -> Signal<SearchResults> {
    let shown = RwSignal::new(initial.clone());
    let realtime = use_realtime();
    Effect::new(move || {
        let position = initial.position;
        let (results, term) = (StoredValue::new(initial.clone()), StoredValue::new(term.clone()));
        let show = move || {
            if let Some(results) = results.try_get_value() {
                shown.try_set(results);
            }
        };
        let refresh = Refresh::new(
            move || {
                let term = term.try_get_value().unwrap_or_default();
                async move { search(term, section, page).await.ok() }
            },
            |results: &SearchResults| results.position,
            move |found| {
                results.try_update_value(|results| *results = found);
                show();
            },
        );
        realtime.listen(vec![Topic::Streams], position, move |notice| {
            let (position, applied) = match notice {
                Notice::Resync(position) => (position, Applied::Incomplete),
                Notice::Event(position, event) => {
                    let applied = results.try_update_value(|results| results.apply(position, event));
                    (position, applied.unwrap_or(Applied::Unchanged))
                }
            };
            match applied {
                Applied::Changed => show(),
                Applied::Incomplete => refresh.ask(position),
                Applied::Unchanged => {}
            }
        });
    });
    shown.into()
}
