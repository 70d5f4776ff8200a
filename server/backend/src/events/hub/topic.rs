//! One topic: where it stands, what it remembers, and who reads it.

use super::Frame;
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

/// Events kept per topic.
pub(super) const HISTORY_LENGTH: usize = 1000;
/// How long an event is kept, and how long at most a topic that nobody reads.
pub(super) const HISTORY_AGE: Duration = Duration::from_mins(5);

pub(super) struct TopicState {
    pub(super) sequence: u64,
    history: VecDeque<Arc<Frame>>,
    /// The position of the last event that fell out of the history, or at which the topic began.
    pub(super) forgotten_through: u64,
    /// Those with a queue.
    pub(super) readers: BTreeSet<u64>,
    pub(super) n_in_crowds: usize,
}

impl TopicState {
    pub(super) fn new(sequence: u64, forgotten_through: u64) -> Self {
        Self { sequence, history: VecDeque::new(), forgotten_through, readers: BTreeSet::new(), n_in_crowds: 0 }
    }

    pub(super) fn is_read(&self) -> bool {
        self.n_in_crowds > 0 || !self.readers.is_empty()
    }

    pub(super) fn is_remembered(&self) -> bool {
        !self.history.is_empty()
    }

    /// The position of the last event, remembered or forgotten.
    pub(super) fn newest(&self) -> u64 {
        self.history.back().map_or(self.forgotten_through, |frame| frame.position.sequence)
    }

    /// What is remembered from after this position of the hub, the newest first.
    pub(super) fn since(&self, sequence: u64) -> impl Iterator<Item = &Arc<Frame>> {
        self.history.iter().rev().take_while(move |frame| frame.position.sequence > sequence)
    }

    pub(super) fn remember(&mut self, frame: &Arc<Frame>) {
        self.history.push_back(Arc::clone(frame));
        if self.history.len() > HISTORY_LENGTH {
            self.forget_first();
        }
    }

    pub(super) fn forget_old(&mut self, now: Instant) {
        while self.history.front().is_some_and(|frame| now.duration_since(frame.published) > HISTORY_AGE) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some(frame) = self.history.pop_front() {
            self.forgotten_through = frame.position.sequence;
        }
    }
}
