//! A live stream as lists and pages show it.

use crate::{BroadcastId, Category, PictureId, Timestamp, UserId, event::Position, schedule::UpcomingLesson, user::Username};
use serde::{Deserialize, Serialize};

/// Whether picture arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "String")]
pub enum Signal {
    /// Media arrives.
    Live,
    /// The publisher is gone, and the grace window in which it may return is still open.
    Interrupted,
}

impl TryFrom<String> for Signal {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        match name.as_str() {
            "live" => Ok(Self::Live),
            "interrupted" => Ok(Self::Interrupted),
            _ => Err("not a signal"),
        }
    }
}

/// How long a publisher may be gone before its broadcast ends, in seconds.
pub const GRACE_SECONDS: u64 = 15;

/// A running broadcast, apart from the channel it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Live {
    pub broadcast: BroadcastId,
    pub started_at: Timestamp,
    pub signal: Signal,
    /// Unique viewers watching now.
    pub viewers: u32,
}

/// A live stream on a card.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StreamCard {
    pub channel: UserId,
    pub username: Username,
    pub display_name: String,
    pub title: String,
    pub category: Category,
    /// The streamer's own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    /// The picture of the stream: the one its streamer chose, or else a recent frame of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<PictureId>,
    pub live: Live,
}

/// The live streams of one category, most viewers first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryRow {
    pub category: Category,
    /// How many are live in all; `streams` holds the first of them.
    pub total: u32,
    pub streams: Vec<StreamCard>,
}

/// How many cards a row of the home page shows.
pub const ROW_LENGTH: usize = 12;

/// How many cards a page of a category shows.
pub const PAGE_LENGTH: usize = 24;

/// What the home page, or one page of a category, shows, read at `position`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamSnapshot {
    pub position: Position,
    pub rows: Vec<CategoryRow>,
    /// The stream with most viewers, whatever its category.
    pub hero: Option<StreamCard>,
    /// The next lessons of anybody, soonest first.
    pub upcoming: Vec<UpcomingLesson>,
}

/// Which live streams a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamScope {
    /// All categories, a row each.
    Home,
    /// One category; pages are counted from 1.
    Category { category: Category, page: u32 },
}
