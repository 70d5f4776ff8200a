//! A channel that a page shows, kept current by itself.

use crate::{
    ApiError,
    api::channels::channel_page,
    document,
    realtime::{Notice, Refresh, use_realtime},
    state::use_viewer,
};
use domain::{
    Error,
    channel::ChannelPage,
    event::{Event, Position, Topic},
    stream_list::Applied,
};
use leptos::prelude::*;

/// Seeded with the page's snapshot, then patched by events: it goes live, changes its title and ends without a request.
pub fn use_channel(initial: ChannelPage) -> Signal<ChannelPage> {
    let shown = RwSignal::new(initial.clone());
    let (realtime, reader) = (use_realtime(), use_viewer().with_untracked(|viewer| viewer.as_ref().map(|viewer| viewer.id)));
    Effect::new(move || {
        let position = initial.position;
        // Whether the reader follows the channel is told to them alone.
        let topics = [Topic::Channel(initial.channel)].into_iter().chain(reader.map(Topic::Member)).collect();
        let username = StoredValue::new(initial.username.to_string());
        let page = StoredValue::new(initial.clone());
        let show = move || {
            if let Some(page) = page.try_get_value() {
                shown.try_set(page);
            }
        };
        let refresh = Refresh::new(
            move || {
                let username = username.try_get_value().unwrap_or_default();
                async move {
                    match channel_page(username).await {
                        Ok(page) => Some(page),
                        Err(error) => {
                            // Gone, or hidden from the reader since: the page that says so is another.
                            if let ApiError::Domain(Error::NotFound { .. }) = error {
                                document::reload();
                            }
                            None
                        }
                    }
                }
            },
            |page: &ChannelPage| page.position,
            move |snapshot| {
                page.try_update_value(|page| page.replace(snapshot));
                show();
            },
        );
        realtime.listen(topics, position, move |notice| match notice {
            Notice::Resync(position) => refresh.ask(position),
            Notice::Event(position, event) => match page.try_update_value(|page| hear(page, position, event)) {
                Some(Applied::Changed) => show(),
                Some(Applied::Incomplete) => refresh.ask(position),
                Some(Applied::Unchanged) | None => {}
            },
        });
    });
    shown.into()
}

/// Applies an event, and what it brings as text.
fn hear(page: &mut ChannelPage, position: Position, event: &Event) -> Applied {
    let applied = page.apply(position, event);
    // What cannot be read comes from a newer server; the page will be loaded anew sooner or later.
    if let (Applied::Changed, Event::ChannelUpdated { presentation: Some(presentation), .. }) = (applied, event)
        && let Ok(presentation) = serde_json::from_str(presentation)
    {
        page.present(presentation);
    }
    applied
}
