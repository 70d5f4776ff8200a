//! The live streams that a page shows, kept current by themselves.

use crate::{
    api::streams::stream_snapshot,
    realtime::{Notice, Refresh, use_realtime},
};
use domain::{
    event::Topic,
    stream::{StreamScope, StreamSnapshot},
    stream_list::{Applied, StreamList},
};
use leptos::prelude::*;

/// Seeded with the page's snapshot, then patched in place by events, and only re-read when an event was missed or needs a
/// card that the page has not got.
pub fn use_stream_list(initial: StreamSnapshot, scope: StreamScope) -> Signal<StreamSnapshot> {
    let shown = RwSignal::new(initial.clone());
    let realtime = use_realtime();
    let topic = match scope {
        StreamScope::Home => Topic::Streams,
        StreamScope::Category { category, .. } => Topic::Category(category),
    };
    Effect::new(move || {
        let position = initial.position;
        let list = StoredValue::new(StreamList::new(scope, initial.clone()));
        let show = move || {
            if let Some(snapshot) = list.try_with_value(|list| list.snapshot().clone()) {
                shown.try_set(snapshot);
            }
        };
        let refresh = Refresh::new(
            move || async move { stream_snapshot(scope).await.ok() },
            |snapshot: &StreamSnapshot| snapshot.position,
            move |snapshot| {
                list.try_update_value(|list| list.replace(snapshot));
                show();
            },
        );
        realtime.listen(vec![topic], position, move |notice| {
            let (position, applied) = match notice {
                Notice::Resync(position) => (position, Applied::Incomplete),
                Notice::Event(position, event) => {
                    let applied = list.try_update_value(|list| list.apply(position, event));
                    (position, applied.unwrap_or(Applied::Unchanged))
                }
            };
            if matches!(notice, Notice::Event(..)) && applied != Applied::Unchanged {
                show();
            }
            if applied == Applied::Incomplete {
                refresh.ask(position);
            }
        });
    });
    shown.into()
}
