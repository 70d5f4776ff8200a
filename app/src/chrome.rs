//! What stands around the page, kept current by itself.

use crate::{
    api::chrome::chrome,
    realtime::{Notice, Refresh, use_realtime},
    state::use_viewer,
};
use domain::{chrome::Chrome, event::Topic, stream_list::Applied};
use leptos::prelude::*;

#[derive(Clone, Copy)]
struct Shown(RwSignal<Chrome>);

/// Seeded with what came with the page, then patched by events. To be called once, in `App`, after the event connection is
/// provided.
pub fn provide_chrome(initial: Chrome) {
    let position = initial.position;
    let shown = RwSignal::new(initial);
    provide_context(Shown(shown));
    let (realtime, reader) = (use_realtime(), use_viewer().with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id)));
    Effect::new(move || {
        let refresh = Refresh::new(
            || async { chrome().await.ok() },
            |chrome: &Chrome| chrome.position,
            move |snapshot| {
                shown.try_update(|chrome| chrome.replace(snapshot));
            },
        );
        let mut topics = vec![Topic::Streams];
        topics.extend(reader.map(Topic::Member));
        realtime.listen(topics, position, move |notice| {
            let needed = match notice {
                Notice::Resync(position) => Some(position),
                Notice::Event(position, event) => {
                    let applied = shown.try_maybe_update(|chrome| {
                        let applied = chrome.apply(position, event, reader);
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
}

/// What stands around the page. Where none was provided, as in a test of one component, there is nothing.
pub fn use_chrome() -> Signal<Chrome> {
    use_context::<Shown>().map_or_else(|| Signal::stored(Chrome::default()), |shown| shown.0.into())
}
