//! What one server tells the others.

use domain::event::{Event, Topic};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A numbered word of one server, which ignores its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Message {
    /// The server, by the id of its node: a new one at each start.
    pub(super) origin: Uuid,
    /// One more than the origin's last event, beginning with 1. A beat has the number of the last event.
    pub(super) sequence: u64,
    pub(super) word: Word,
}

/// A server of a build that does not know a word takes it for lost, and its readers start anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    Event {
        topics: Vec<Topic>,
        event: Event,
        /// The letter in the outbox, if it is one.
        letter: Option<Uuid>,
    },
    /// Several at once, none of them a letter.
    Events(Vec<(Vec<Topic>, Event)>),
    /// Says where the origin stands, so that a loss shows although nothing follows.
    Beat,
}

impl Word {
    pub(super) const fn letter(&self) -> Option<Uuid> {
        match self {
            Self::Event { letter, .. } => *letter,
            Self::Events(_) | Self::Beat => None,
        }
    }

    pub(super) const fn is_beat(&self) -> bool {
        matches!(self, Self::Beat)
    }
}

impl Message {
    pub(super) fn read(json: &str) -> Option<Self> {
        serde_json::from_str(json)
            .inspect_err(|error| tracing::warn!(%error, "a message of another server is not understood"))
            .ok()
    }

    pub(super) fn write(&self) -> Option<String> {
        serde_json::to_string(self).inspect_err(|error| tracing::error!(%error, "an event cannot be encoded")).ok()
    }
}
