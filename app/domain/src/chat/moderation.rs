//! The log of what moderators did.

use crate::{LogEntryId, Timestamp};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModerationAction {
    Delete,
    Clear,
    TimeOut,
    EndTimeOut,
    Pin,
    Unpin,
    Modes,
}

impl ModerationAction {
    pub const ALL: [Self; 7] = [Self::Delete, Self::Clear, Self::TimeOut, Self::EndTimeOut, Self::Pin, Self::Unpin, Self::Modes];

    /// The name in the database.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Clear => "clear",
            Self::TimeOut => "time_out",
            Self::EndTimeOut => "end_time_out",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Modes => "modes",
        }
    }

    /// What the moderator did, between their name and that of whom it was done to.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Delete => "deleted a message by",
            Self::Clear => "removed all messages by",
            Self::TimeOut => "timed out",
            Self::EndTimeOut => "ended the time-out of",
            Self::Pin => "pinned a message by",
            Self::Unpin => "unpinned a message by",
            Self::Modes => "changed the modes",
        }
    }
}

impl FromStr for ModerationAction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|action| action.slug() == text).ok_or_else(|| "There is no such action.".to_owned())
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    pub id: LogEntryId,
    pub at: Timestamp,
    /// Who did it; somebody may have left since.
    pub actor: Option<String>,
    pub action: ModerationAction,
    /// To whom, as they were called then. Nobody for what concerns all.
    pub target: Option<String>,
    /// The text that was deleted, how long a time-out lasts, or what the modes became.
    pub detail: String,
}

/// A page of the log, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModerationPage {
    pub entries: Vec<LogEntry>,
    pub has_older: bool,
}

#[cfg(test)]
mod tests {
    use super::ModerationAction;

    #[test]
    fn actions_read_back_as_written() {
        for action in ModerationAction::ALL {
            assert_eq!(action.slug().parse(), Ok(action));
        }
    }
}
