//! How far each of the other servers was heard: finds what is new, what is known already, and what is missing.

use super::message::Message;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Servers that were silent for so long are forgotten. Should one speak again, it counts as a gap.
const MEMORY: Duration = Duration::from_hours(1);

/// As many are remembered in any case: without Redis a server says nothing while it has nothing to say.
const MOST: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is what follows, and now counts as heard.
    Next,
    /// Nothing in it is new.
    Known,
    /// Something before it was not heard.
    Gap,
}

#[derive(Debug)]
pub(super) struct Ledger {
    heard: HashMap<Uuid, Heard>,
    /// While open, a server that is not known begins with whatever it says first. Later it must begin at its beginning.
    is_open: bool,
}

#[derive(Debug)]
struct Heard {
    sequence: u64,
    at: Instant,
}

impl Ledger {
    pub(super) fn open() -> Self {
        Self { heard: HashMap::new(), is_open: true }
    }

    /// Opens it again, or closes it.
    pub(super) fn set_open(&mut self, is_open: bool) {
        self.is_open = is_open;
    }

    #[cfg(feature = "testing")]
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Judges a message, and takes note of it when it is the next.
    pub(super) fn judge(&mut self, message: &Message, now: Instant) -> Verdict {
        let Message { origin, sequence, ref word } = *message;
        let is_beat = word.is_beat();
        let beginning = match (self.is_open, is_beat) {
            (true, true) => sequence,
            (true, false) => sequence.saturating_sub(1),
            (false, _) => 0,
        };
        if self.heard.len() >= MOST && !self.heard.contains_key(&origin) {
            self.forget_silent(now);
        }
        let heard = self.heard.entry(origin).or_insert(Heard { sequence: beginning, at: now });
        heard.at = now;
        if sequence <= heard.sequence {
            Verdict::Known
        } else if !is_beat && sequence == heard.sequence + 1 {
            heard.sequence = sequence;
            Verdict::Next
        } else {
            Verdict::Gap
        }
    }

    /// Whether a message that the stream keeps is the next of its server, and takes note of it if so. It is no sign of life.
    /// One that is old was there when this server last knew all of the stream.
    pub(super) fn judge_kept(&mut self, message: &Message, is_old: bool, now: Instant) -> bool {
        let Some(at) = self.heard.get(&message.origin).map(|heard| heard.at) else {
            if is_old {
                // Its server was silent for so long that it was forgotten.
                self.accept(message.origin, message.sequence, now);
            }
            return !is_old && self.judge(message, now) == Verdict::Next;
        };
        let verdict = self.judge(message, now);
        if let Some(heard) = self.heard.get_mut(&message.origin) {
            heard.at = at;
        }
        verdict == Verdict::Next
    }

    /// Takes everything of a server up to here as heard.
    pub(super) fn accept(&mut self, origin: Uuid, sequence: u64, now: Instant) {
        let heard = self.heard.entry(origin).or_insert(Heard { sequence, at: now });
        heard.sequence = heard.sequence.max(sequence);
        heard.at = now;
        self.forget_silent(now);
    }

    fn forget_silent(&mut self, now: Instant) {
        self.heard.retain(|_, heard| now.saturating_duration_since(heard.at) < MEMORY);
    }

    /// What a server said up to here is not waited for.
    pub(super) fn skip_to(&mut self, origin: Uuid, sequence: u64) {
        if let Some(heard) = self.heard.get_mut(&origin) {
            heard.sequence = heard.sequence.max(sequence);
        }
    }

    /// How far each server was heard.
    pub(super) fn positions(&self) -> Vec<(Uuid, u64)> {
        self.heard.iter().map(|(origin, heard)| (*origin, heard.sequence)).collect()
    }

    pub(super) fn position(&self, origin: Uuid) -> u64 {
        self.heard.get(&origin).map_or(0, |heard| heard.sequence)
    }

    /// The servers that spoke since then, and how far they were heard.
    pub(super) fn since(&self, moment: Instant) -> Vec<(Uuid, u64)> {
        let spoke = self.heard.iter().filter(|(_, heard)| heard.at >= moment);
        spoke.map(|(origin, heard)| (*origin, heard.sequence)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ledger, MEMORY, MOST, Verdict};
    use crate::events::bus::message::{Message, Word};
    use domain::event::Event;
    use proptest::prelude::*;
    use std::time::Instant;
    use uuid::Uuid;

    fn event(origin: u128, sequence: u64) -> Message {
        let word = Word::Event { topics: Vec::new(), event: Event::Hidden, letter: None };
        Message { origin: Uuid::from_u128(origin), sequence, word }
    }

    fn beat(origin: u128, sequence: u64) -> Message {
        Message { word: Word::Beat, ..event(origin, sequence) }
    }

    #[test]
    fn a_loss_shows_in_the_next_word_whatever_it_is() {
        let now = Instant::now();
        let mut ledger = Ledger::open();
        assert_eq!(ledger.judge(&event(1, 7), now), Verdict::Next, "known from here on");
        assert_eq!(ledger.judge(&beat(1, 7), now), Verdict::Known);
        assert_eq!(ledger.judge(&beat(1, 8), now), Verdict::Gap);
        assert_eq!(ledger.judge(&event(1, 9), now), Verdict::Gap);
        assert_eq!(ledger.judge(&event(1, 8), now), Verdict::Next);
        assert_eq!(ledger.judge(&event(1, 9), now), Verdict::Next);
        assert_eq!(ledger.judge(&event(1, 9), now), Verdict::Known);
        assert_eq!(ledger.judge(&beat(2, 40), now), Verdict::Known, "another server, where it stands");
        assert_eq!(ledger.judge(&event(2, 41), now), Verdict::Next);
    }

    #[test]
    fn once_closed_a_new_server_must_begin_at_its_beginning() {
        let now = Instant::now();
        let mut ledger = Ledger::open();
        ledger.set_open(false);
        assert_eq!(ledger.judge(&beat(1, 0), now), Verdict::Known);
        assert_eq!(ledger.judge(&event(1, 1), now), Verdict::Next);
        assert_eq!(ledger.judge(&event(2, 2), now), Verdict::Gap);
        ledger.accept(Uuid::from_u128(2), 2, now);
        assert_eq!(ledger.judge(&event(2, 3), now), Verdict::Next);
    }

    #[test]
    fn servers_that_come_and_go_are_forgotten() {
        let now = Instant::now();
        let mut ledger = Ledger::open();
        for origin in 0..=MOST as u128 {
            assert!(ledger.positions().len() <= MOST);
            ledger.judge(&event(origin, 1), now + MEMORY * u32::try_from(origin).unwrap());
        }
        assert_eq!(ledger.positions(), [(Uuid::from_u128(MOST as u128), 1)]);
    }

    proptest! {
        /// Whatever is lost, doubled or out of order: what is judged to be next is an unbroken row of numbers.
        #[test]
        fn what_is_delivered_has_no_gap(heard in proptest::collection::vec((1_u128..4, 1_u64..20, any::<bool>()), 0..200)) {
            let now = Instant::now();
            let mut ledger = Ledger::open();
            let mut last = std::collections::BTreeMap::<u128, u64>::new();
            for (origin, sequence, is_beat) in heard {
                let message = if is_beat { beat(origin, sequence) } else { event(origin, sequence) };
                if ledger.judge(&message, now) == Verdict::Next {
                    let before = last.insert(origin, sequence);
                    prop_assert!(before.is_none_or(|before| before + 1 == sequence));
                }
            }
        }
    }
}
