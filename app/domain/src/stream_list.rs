//! The list of live streams that a page keeps current: a snapshot, patched by the events after it.
//!
//! A pure state machine, so that what every open page shows can be tested without a browser.
//! It never guesses: when an event needs a card that the list has not got, it asks for a new snapshot.

use crate::{
    Category, UserId,
    event::{Event, Position},
    stream::{CategoryRow, PAGE_LENGTH, ROW_LENGTH, StreamCard, StreamScope, StreamSnapshot},
};

/// What an event did to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing that is shown changed.
    Unchanged,
    Changed,
    /// The list is right as far as it goes, but cards are missing: read a new snapshot.
    Incomplete,
}

/// The live streams of one scope, as of `position`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamList {
    scope: StreamScope,
    snapshot: StreamSnapshot,
}

impl StreamList {
    pub fn new(scope: StreamScope, snapshot: StreamSnapshot) -> Self {
        Self { scope, snapshot }
    }

    pub fn scope(&self) -> StreamScope {
        self.scope
    }

    pub fn snapshot(&self) -> &StreamSnapshot {
        &self.snapshot
    }

    /// Replaces the whole list, unless the snapshot is older than what was already applied.
    pub fn replace(&mut self, snapshot: StreamSnapshot) {
        if !snapshot.position.is_before(self.snapshot.position) {
            self.snapshot = snapshot;
        }
    }

    /// Applies an event. One at or before the list's own position has been seen already and changes nothing.
    pub fn apply(&mut self, position: Position, event: &Event) -> Applied {
        if let Err(applied) = self.snapshot.position.advance(position) {
            return applied;
        }
        let applied = match event {
            Event::StreamStarted { stream } => self.insert(stream),
            Event::StreamUpdated { stream, previous_category } => self.update(stream, *previous_category),
            Event::StreamEnded { channel, category } => self.remove(*channel, *category),
            Event::Viewers { counts } => {
                let mut applied = Applied::Unchanged;
                for count in counts {
                    if let Some(card) = self.card_mut(count.channel) {
                        card.live.viewers = count.viewers;
                        applied = Applied::Changed;
                    } else if self.scope == StreamScope::Home && count.viewers > self.most_viewers() {
                        return Applied::Incomplete;
                    }
                }
                applied
            }
            _ => Applied::Unchanged,
        };
        self.choose_hero();
        applied
    }

    fn limit(&self) -> usize {
        match self.scope {
            StreamScope::Home => ROW_LENGTH,
            StreamScope::Category { .. } => PAGE_LENGTH,
        }
    }

    /// Later pages keep the cards they were loaded with; new streams appear on the first.
    fn takes_new_cards(&self) -> bool {
        matches!(self.scope, StreamScope::Home | StreamScope::Category { page: 1, .. })
    }

    fn row_mut(&mut self, category: Category) -> Option<&mut CategoryRow> {
        self.snapshot.rows.iter_mut().find(|row| row.category == category)
    }

    fn card_mut(&mut self, channel: UserId) -> Option<&mut StreamCard> {
        self.snapshot.rows.iter_mut().flat_map(|row| &mut row.streams).find(|card| card.channel == channel)
    }

    fn most_viewers(&self) -> u32 {
        self.snapshot.hero.as_ref().map_or(0, |hero| hero.live.viewers)
    }

    fn insert(&mut self, stream: &StreamCard) -> Applied {
        if let Some(known) = self.card_mut(stream.channel) {
            *known = stream.clone();
            return Applied::Changed;
        }
        let (takes_new_cards, limit) = (self.takes_new_cards(), self.limit());
        let Some(row) = self.row_mut(stream.category) else { return Applied::Unchanged };
        row.total += 1;
        if takes_new_cards {
            row.streams.insert(0, stream.clone());
            row.streams.truncate(limit);
        }
        Applied::Changed
    }

    fn update(&mut self, stream: &StreamCard, previous_category: Category) -> Applied {
        if previous_category == stream.category {
            return self.card_mut(stream.channel).map_or(Applied::Unchanged, |known| {
                *known = stream.clone();
                Applied::Changed
            });
        }
        let removed = self.remove(stream.channel, previous_category);
        let inserted = self.insert(stream);
        if removed == Applied::Incomplete { removed } else { inserted }
    }

    fn remove(&mut self, channel: UserId, category: Category) -> Applied {
        let (limit, takes_new_cards) = (self.limit(), self.takes_new_cards());
        let Some(row) = self.row_mut(category) else { return Applied::Unchanged };
        row.total = row.total.saturating_sub(1);
        let before = row.streams.len();
        row.streams.retain(|card| card.channel != channel);
        let expected = limit.min(usize::try_from(row.total).unwrap_or(limit));
        if takes_new_cards && row.streams.len() < expected {
            Applied::Incomplete
        } else if row.streams.len() == before {
            Applied::Unchanged
        } else {
            Applied::Changed
        }
    }

    /// The hero is the stream with most viewers; among equals the one that is on air longest.
    fn choose_hero(&mut self) {
        if self.scope != StreamScope::Home {
            return;
        }
        let hero = self
            .snapshot
            .rows
            .iter()
            .flat_map(|row| &row.streams)
            .max_by_key(|card| (card.live.viewers, std::cmp::Reverse(card.live.started_at)));
        self.snapshot.hero = hero.cloned();
    }
}

/// The rows in the order of the home page: those with live streams first, by number live, then the empty ones
/// in their fixed order.
pub fn in_display_order(rows: &[CategoryRow]) -> Vec<&CategoryRow> {
    // Four rows sort themselves; the sort of the standard library would be the heaviest function in the browser.
    let mut ordered: Vec<&CategoryRow> = Vec::with_capacity(rows.len());
    for row in rows {
        let is_before = |other: &&CategoryRow| {
            (std::cmp::Reverse(other.total), other.category) <= (std::cmp::Reverse(row.total), row.category)
        };
        ordered.insert(ordered.iter().take_while(|other| is_before(other)).count(), row);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::{Applied, StreamList, in_display_order};
    use crate::{
        BroadcastId, Category, Timestamp, UserId,
        event::{Event, Position, ViewerCount},
        stream::{CategoryRow, Live, ROW_LENGTH, Signal, StreamCard, StreamScope, StreamSnapshot},
    };
    use proptest::prelude::*;
    use uuid::Uuid;

    fn at(sequence: u64) -> Position {
        Position { epoch: 1, sequence }
    }

    fn card(n: u8, category: Category, viewers: u32) -> StreamCard {
        StreamCard {
            channel: UserId(Uuid::from_u128(n.into())),
            username: format!("user{n}").parse().expect("a valid name"),
            display_name: format!("User {n}"),
            title: format!("Title {n}"),
            category,
            avatar: None,
            cover: None,
            live: Live {
                broadcast: BroadcastId(Uuid::from_u128(n.into())),
                started_at: Timestamp(n.into()),
                signal: Signal::Live,
                viewers,
            },
        }
    }

    fn home() -> StreamList {
        let rows = Category::ALL.map(|category| CategoryRow { category, total: 0, streams: Vec::new() });
        let snapshot = StreamSnapshot { position: at(0), rows: rows.into(), hero: None, upcoming: Vec::new() };
        StreamList::new(StreamScope::Home, snapshot)
    }

    fn row(list: &StreamList, category: Category) -> &CategoryRow {
        list.snapshot().rows.iter().find(|row| row.category == category).expect("home has every category")
    }

    #[test]
    fn a_stream_comes_changes_and_goes() {
        let mut list = home();
        let stream = card(1, Category::Study, 0);
        assert_eq!(list.apply(at(1), &Event::StreamStarted { stream: stream.clone() }), Applied::Changed);
        assert_eq!(row(&list, Category::Study).total, 1);
        assert_eq!(list.snapshot().hero, Some(stream.clone()));

        let moved = StreamCard { category: Category::Coding, ..stream.clone() };
        let event = Event::StreamUpdated { stream: moved, previous_category: Category::Study };
        assert_eq!(list.apply(at(2), &event), Applied::Changed);
        assert_eq!((row(&list, Category::Study).total, row(&list, Category::Coding).total), (0, 1));

        let event = Event::StreamEnded { channel: stream.channel, category: Category::Coding };
        assert_eq!(list.apply(at(3), &event), Applied::Changed);
        assert_eq!(list.snapshot().hero, None);
        assert_eq!(list.snapshot().position, at(3));
    }

    #[test]
    fn what_was_seen_is_not_applied_again() {
        let mut list = home();
        let event = Event::StreamStarted { stream: card(1, Category::Study, 0) };
        assert_eq!(list.apply(at(5), &event), Applied::Changed);
        assert_eq!(list.apply(at(5), &event), Applied::Unchanged);
        assert_eq!(
            list.apply(at(4), &Event::StreamEnded { channel: UserId(Uuid::from_u128(1)), category: Category::Study }),
            Applied::Unchanged
        );
        assert_eq!(row(&list, Category::Study).total, 1);
    }

    #[test]
    fn another_epoch_asks_for_a_snapshot() {
        let mut list = home();
        let event = Event::StreamStarted { stream: card(1, Category::Study, 0) };
        assert_eq!(list.apply(Position { epoch: 2, sequence: 1 }, &event), Applied::Incomplete);
        assert_eq!(row(&list, Category::Study).total, 0);
    }

    #[test]
    fn the_hero_follows_the_viewers() {
        let mut list = home();
        for n in 1..=3 {
            list.apply(at(n.into()), &Event::StreamStarted { stream: card(n, Category::Coding, 0) });
        }
        let hero = |list: &StreamList| list.snapshot().hero.as_ref().map(|hero| hero.live.started_at.0);
        assert_eq!(hero(&list), Some(1), "the longest on air among equals");
        let counts = vec![ViewerCount { channel: UserId(Uuid::from_u128(3)), category: Category::Coding, viewers: 9 }];
        assert_eq!(list.apply(at(9), &Event::Viewers { counts }), Applied::Changed);
        assert_eq!(hero(&list), Some(3));
    }

    #[test]
    fn a_gap_in_a_full_row_asks_for_a_snapshot() {
        let mut list = home();
        let count = u8::try_from(ROW_LENGTH).expect("a small number") + 1;
        for n in 1..=count {
            list.apply(at(n.into()), &Event::StreamStarted { stream: card(n, Category::Coding, 0) });
        }
        assert_eq!(row(&list, Category::Coding).streams.len(), ROW_LENGTH);
        let ended = |n: u8| Event::StreamEnded { channel: UserId(Uuid::from_u128(n.into())), category: Category::Coding };
        assert_eq!(list.apply(at(50), &ended(1)), Applied::Unchanged, "the one that had fallen off the end");
        assert_eq!(list.apply(at(51), &ended(2)), Applied::Changed);
    }

    #[test]
    fn an_older_snapshot_is_refused() {
        let mut list = home();
        list.apply(at(7), &Event::StreamStarted { stream: card(1, Category::Study, 0) });
        let stale = home().snapshot().clone();
        list.replace(stale.clone());
        assert_eq!(row(&list, Category::Study).total, 1);
        list.replace(StreamSnapshot { position: Position { epoch: 2, sequence: 0 }, ..stale });
        assert_eq!(row(&list, Category::Study).total, 0);
    }

    #[test]
    fn rows_with_streams_stand_first() {
        let mut list = home();
        list.apply(at(1), &Event::StreamStarted { stream: card(1, Category::Innovation, 0) });
        let order: Vec<Category> = in_display_order(&list.snapshot().rows).iter().map(|row| row.category).collect();
        assert_eq!(order, [Category::Innovation, Category::Coding, Category::Creativity, Category::Study]);
    }

    proptest! {
        /// Whatever happens, totals count exactly what is live, and no card is shown twice.
        #[test]
        fn totals_match_the_truth(steps in proptest::collection::vec((0u8..40, any::<bool>(), 0usize..4), 0..200)) {
            let mut list = home();
            let mut truth = std::collections::BTreeMap::new();
            for (sequence, (n, starts, category)) in steps.into_iter().enumerate() {
                let category = Category::ALL[category];
                let position = at(sequence as u64 + 1);
                match (starts, truth.get(&n).copied()) {
                    (true, None) => {
                        truth.insert(n, category);
                        list.apply(position, &Event::StreamStarted { stream: card(n, category, 0) });
                    }
                    (true, Some(previous_category)) => {
                        truth.insert(n, category);
                        list.apply(position, &Event::StreamUpdated { stream: card(n, category, 0), previous_category });
                    }
                    (false, Some(category)) => {
                        truth.remove(&n);
                        let channel = UserId(Uuid::from_u128(n.into()));
                        list.apply(position, &Event::StreamEnded { channel, category });
                    }
                    (false, None) => {}
                }
            }
            for category in Category::ALL {
                let row = row(&list, category);
                prop_assert_eq!(row.total as usize, truth.values().filter(|live| **live == category).count());
                prop_assert!(row.streams.len() <= ROW_LENGTH);
                for card in &row.streams {
                    let n = u8::try_from(card.channel.0.as_u128()).expect("small");
                    prop_assert_eq!(truth.get(&n), Some(&category));
                }
            }
        }
    }
}
