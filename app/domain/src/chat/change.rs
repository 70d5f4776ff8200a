//! What can change in a chat that is being read.

use crate::{
    MessageId, Timestamp,
    chat::{AuthorId, ChatMessage, ChatModes, ReactionCounts},
};
use serde::{Deserialize, Serialize};

/// One change. It travels as text inside [`crate::event::Event::Chat`], so that only pages with a chat know how to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatChange {
    /// A message is there, or is now there for everybody.
    Added {
        message: Box<ChatMessage>,
    },
    Edited {
        message: MessageId,
        text: String,
    },
    Removed {
        message: MessageId,
    },
    /// Everything that somebody wrote was removed.
    Cleared {
        author: AuthorId,
    },
    /// Reactions that changed within one interval.
    Reactions {
        counts: Vec<ReactionCounts>,
    },
    Pinned {
        pin: Option<Box<ChatMessage>>,
    },
    Modes {
        modes: ChatModes,
    },
    /// Somebody may not write until then, or may again.
    TimedOut {
        author: AuthorId,
        until: Option<Timestamp>,
    },
    /// What somebody is on this channel changed: their page reads the chat anew.
    Standing {
        author: AuthorId,
    },
}
