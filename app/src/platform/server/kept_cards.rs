//! The cards of live streams as HTML.
//!
//! They look the same to everybody who sees the same streams, and are most of what there is to draw on a page that lists
//! them. What is kept is found by all that is shown, so it is never out of date.

use domain::stream::StreamCard;
use leptos::{prelude::*, tachys::html::InertElement};
use moka::{policy::EvictionPolicy, sync::Cache};
use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Lists of cards, some 20 kB each.
const MOST: u64 = 128;
const IDLE: Duration = Duration::from_mins(1);

static KEPT: LazyLock<Cache<Vec<StreamCard>, Arc<str>>> =
    LazyLock::new(|| Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru()).time_to_idle(IDLE).build());

/// The view of these cards, which is drawn only if nobody was shown the same a moment ago.
pub(crate) fn keep_cards(cards: &[StreamCard], draw: impl FnOnce() -> AnyView) -> AnyView {
    let html = KEPT.get(cards).unwrap_or_else(|| {
        let html: Arc<str> = draw().to_html().into();
        KEPT.insert(cards.to_vec(), Arc::clone(&html));
        html
    });
    // The browser draws the same and takes over what is here.
    InertElement::new(html.to_string()).into_any()
}

#[cfg(test)]
mod tests {
    use super::keep_cards;
    use domain::{
        BroadcastId, Category, Timestamp, UserId,
        stream::{Live, Signal, StreamCard},
        user::Username,
    };
    use leptos::prelude::*;

    fn card(title: &str) -> StreamCard {
        let id = "00000000-0000-0000-0000-000000000007";
        StreamCard {
            channel: UserId(id.parse().expect("an id")),
            username: Username::from_stored("ana".to_owned()),
            display_name: "Ana".to_owned(),
            title: title.to_owned(),
            category: Category::Study,
            avatar: None,
            cover: None,
            live: Live {
                broadcast: BroadcastId(id.parse().expect("an id")),
                started_at: Timestamp(0),
                signal: Signal::Live,
                viewers: 3,
            },
        }
    }

    #[test]
    fn what_is_the_same_is_drawn_once_and_what_is_not_is_drawn() {
        Owner::new().with(|| {
            let draw = |text: &'static str| move || view! { <b>{text}</b> "&" <i>{move || text}</i> }.into_any();
            let plain = draw("one")().to_html();
            assert_eq!(keep_cards(&[card("Fugues")], draw("one")).to_html(), plain);
            assert_eq!(keep_cards(&[card("Fugues")], || unreachable!("it is kept")).to_html(), plain);
            assert_eq!(keep_cards(&[card("Canons")], draw("two")).to_html(), draw("two")().to_html());
            let both = [card("Fugues"), card("Canons")];
            assert_eq!(keep_cards(&both, draw("three")).to_html(), draw("three")().to_html());
        });
    }
}
