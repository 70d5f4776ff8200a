//! A message, and the pages of them that a reader gets.

use crate::{
    BroadcastId, ClientId, MessageId, Timestamp, UserId,
    chat::{Author, AuthorId, ChatModes, Reaction, Standing},
    event::Position,
};
use serde::{Deserialize, Serialize};

/// A message as readers see it. One that was deleted is not there at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `UUIDv7`: messages stand in the order of their ids.
    pub id: MessageId,
    /// Given by the author's browser: the same message sent twice has the same.
    pub client: ClientId,
    pub author: Author,
    pub text: String,
    pub sent_at: Timestamp,
    /// Where in the broadcast it was said, if the channel was live.
    pub moment: Option<BroadcastMoment>,
    pub reply_to: Option<Quote>,
    pub is_edited: bool,
    /// Until when only its author and the moderators see it.
    pub held_until: Option<Timestamp>,
    pub reactions: Vec<Reaction>,
}

impl ChatMessage {
    /// Tells rows apart: the author's browser names a message before the server does.
    pub fn key(&self) -> (AuthorId, ClientId) {
        (self.author.id, self.client)
    }
}

/// A point in a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BroadcastMoment {
    pub broadcast: BroadcastId,
    /// Milliseconds from the start of the broadcast.
    pub offset_ms: u64,
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub message: MessageId,
    pub name: String,
    /// The beginning of it; nothing when it was deleted or may not be seen.
    pub text: Option<String>,
}

/// The end of a chat with everything around it, read at `position`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatSnapshot {
    pub position: Position,
    pub channel: UserId,
    pub modes: ChatModes,
    pub standing: Standing,
    /// The last messages, oldest first, at most [`super::SNAPSHOT_LENGTH`].
    pub messages: Vec<ChatMessage>,
    pub has_older: bool,
    pub pin: Option<ChatMessage>,
    /// People who have the channel's page open, the reader among them.
    pub present: u32,
}

/// What was said before a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatHistory {
    /// Oldest first, at most [`super::PAGE_LENGTH`].
    pub messages: Vec<ChatMessage>,
    pub has_older: bool,
}
