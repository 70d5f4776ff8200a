//! Chat: what is said on a channel, by whom, and under which rules.

pub mod author;
pub mod change;
pub mod emoji;
pub mod log;
pub mod message;
pub mod moderation;
pub mod modes;
pub mod reaction;
pub mod segment;
pub mod text;

pub use author::{Author, AuthorId, ChatRole, GuestName, Standing};
pub use change::ChatChange;
pub use log::ChatLog;
pub use message::{BroadcastMoment, ChatHistory, ChatMessage, ChatSnapshot, Quote};
pub use moderation::{LogEntry, ModerationAction, ModerationPage};
pub use modes::{BannedWords, ChatModes, ChatSettings};
pub use reaction::{Emoji, Reaction, ReactionCounts};
pub use segment::{Segment, segments};
pub use text::MessageText;

/// Messages that arrive with the page.
pub const SNAPSHOT_LENGTH: usize = 100;

/// Messages of one page of what was said before.
pub const PAGE_LENGTH: usize = 50;

/// How long a message may be edited by its author, in seconds.
pub const EDIT_SECONDS: u64 = 120;

/// How many messages one person may send within [`RATE_SECONDS`].
pub const RATE: usize = 5;
pub const RATE_SECONDS: u64 = 10;

/// How long the same words of the same person are not taken again, in seconds.
pub const REPEAT_SECONDS: u64 = 30;

/// How long somebody may be kept from writing, in minutes.
pub const TIMEOUT_MINUTES: [u32; 3] = [1, 10, 60];
