//! A reader's place in the hub, and what this reader may see of what it is told.

use super::{Frame, Hub, Start, frame::encode, spread_ms};
use bytes::Bytes;
use domain::{
    UserId,
    event::{Event, Heartbeat, Topic, TopicSequence},
};
use std::{
    collections::HashSet,
    ops::{Deref, DerefMut},
    sync::Arc,
};
use tokio::sync::mpsc;

/// A reader with a queue of its own. It leaves the hub when dropped.
pub struct Subscription {
    pub start: Start,
    /// Ends when the reader was too slow, or when the hub lost continuity.
    pub frames: mpsc::Receiver<Arc<Frame>>,
    pub(super) membership: Membership,
}

impl Deref for Subscription {
    type Target = Membership;

    fn deref(&self) -> &Membership {
        &self.membership
    }
}

impl DerefMut for Subscription {
    fn deref_mut(&mut self) -> &mut Membership {
        &mut self.membership
    }
}

/// A reader, wherever its frames go. It leaves the hub when dropped.
pub struct Membership {
    hub: Hub,
    reader: u64,
    topics: Arc<[Topic]>,
    hidden: HashSet<UserId>,
}

impl Membership {
    pub(super) fn new(hub: Hub, reader: u64, topics: Arc<[Topic]>) -> Self {
        Self { hub, reader, topics, hidden: HashSet::new() }
    }

    /// Hides these people from this reader, and no others. Find them out after subscribing: a change since then is among
    /// the frames.
    pub fn hide(&mut self, hidden: impl IntoIterator<Item = UserId>) {
        self.hidden = hidden.into_iter().collect();
    }

    /// Whether exactly these people are hidden.
    pub fn hides(&self, hidden: &[UserId]) -> bool {
        self.hidden.len() == hidden.len() && hidden.iter().all(|person| self.hidden.contains(person))
    }

    /// Whether other people are hidden from this reader from here on, so that it must begin anew.
    pub fn is_outdated_by(&self, frame: &Frame) -> bool {
        frame.changes_blocks_of(&self.topics)
    }

    /// What is written for this reader: the event, or what is left of it without the people hidden from it.
    pub fn bytes(&self, frame: &Frame) -> Bytes {
        if self.hidden.is_empty() {
            return frame.bytes.clone();
        }
        let topics = &self.topics;
        let own = || frame.topics.iter().filter(move |known| topics.contains(&known.topic));
        let is_hidden = |person: UserId| self.hidden.contains(&person);
        let is_silent = own().all(|known| known.topic.owner().is_some_and(is_hidden));
        if !is_silent && !frame.people.iter().any(|person| is_hidden(*person)) {
            return frame.bytes.clone();
        }
        let event = if is_silent { None } else { frame.event() };
        let event = event.map_or(Event::Hidden, |event| event.without(is_hidden));
        let topics: Vec<TopicSequence> = own().copied().collect();
        encode(frame.position, &topics, &event).unwrap_or_default()
    }

    /// Leaves the hub now. What came before can still be written.
    pub fn leave(&self) {
        self.hub.lock().let_go(self.reader);
    }

    /// Over how many milliseconds all readers are to come back should they lose this server, each at a moment of its own
    /// choice.
    pub fn spread_ms(&self) -> u32 {
        spread_ms(self.hub.n_readers())
    }

    /// Where the reader's topics stand now.
    pub fn heartbeat(&self) -> Heartbeat {
        self.hub.lock().heartbeat(&self.topics)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.leave();
    }
}
