//! An event as it is told: encoded once, for all who read it.

use bytes::Bytes;
use domain::{
    UserId,
    event::{Event, Position, Topic, TopicSequence, Update},
};
use std::time::Instant;

/// An event, ready to be written.
#[derive(Debug)]
pub struct Frame {
    pub position: Position,
    /// The whole server-sent event, with its `id` and the empty line at the end.
    pub bytes: Bytes,
    /// Whether a session was ended, which a connection must look into.
    pub ends_session: bool,
    changes_blocks: bool,
    pub(super) people: Vec<UserId>,
    pub(super) topics: Vec<TopicSequence>,
    pub(super) published: Instant,
}

impl Frame {
    /// None, and a word in the log, when the event cannot be encoded.
    pub(super) fn new(position: Position, topics: Vec<TopicSequence>, event: &Event) -> Option<Self> {
        Some(Self {
            position,
            bytes: encode(position, &topics, event)?,
            ends_session: matches!(event, Event::SessionEnded),
            changes_blocks: matches!(event, Event::BlocksChanged),
            people: event.people(),
            topics,
            published: Instant::now(),
        })
    }

    /// The topics in which it happened.
    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        self.topics.iter().map(|known| known.topic)
    }

    pub(super) fn sequence_in(&self, topic: Topic) -> Option<u64> {
        self.topics.iter().find(|known| known.topic == topic).map(|known| known.sequence)
    }

    /// The event, read back from its bytes: only readers from whom somebody is hidden need it.
    pub(super) fn event(&self) -> Option<Event> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        let json = text.lines().find_map(|line| line.strip_prefix("data: "))?;
        serde_json::from_str::<Update>(json).ok().map(|update| update.event)
    }

    /// Whether somebody was hidden from the member whose topic is among these, or is no longer.
    pub(super) fn changes_blocks_of(&self, topics: &[Topic]) -> bool {
        let is_theirs = |known: &TopicSequence| matches!(known.topic, Topic::Member(_)) && topics.contains(&known.topic);
        self.changes_blocks && self.topics.iter().any(is_theirs)
    }
}

/// A server-sent event. JSON has no line breaks of its own, so one `data` line is enough.
pub(super) fn encode(position: Position, topics: &[TopicSequence], event: &Event) -> Option<Bytes> {
    let update = Update { topics: topics.to_vec(), event: event.clone() };
    match serde_json::to_string(&update) {
        Ok(json) => Some(format!("id: {position}\ndata: {json}\n\n").into()),
        Err(error) => {
            tracing::error!(%error, "an event cannot be encoded");
            None
        }
    }
}
