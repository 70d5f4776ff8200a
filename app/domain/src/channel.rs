//! A channel: what its page shows, and what its owner may set.

use crate::{
    Category, Error, PictureId, Timestamp, UserId,
    error::Problems,
    event::Position,
    follow::FollowState,
    level::Level,
    rich_text::RichText,
    schedule::UpcomingLesson,
    social::SocialLink,
    stream::Live,
    user::{Username, string_conversions},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// 3 to 100 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamTitle(String);

impl StreamTitle {
    pub const MIN: usize = 3;
    pub const MAX: usize = 100;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamTitle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !(Self::MIN..=Self::MAX).contains(&text.chars().count()) {
            return Err(format!("A title has {} to {} characters.", Self::MIN, Self::MAX));
        }
        if text.chars().any(char::is_control) {
            return Err("A title is one line of plain text.".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

string_conversions!(StreamTitle);

/// The settings that an owner may change, before and during a broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSettings {
    pub title: StreamTitle,
    pub category: Category,
}

impl StreamSettings {
    pub fn parse(title: &str, category: &str) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let fields = (problems.check("title", title.parse()), problems.check("category", category.parse()));
        match fields {
            (Some(title), Some(category)) => Ok(Self { title, category }),
            _ => Err(problems.into_error()),
        }
    }
}

/// Everything the page of a channel shows, read at `position`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelPage {
    pub position: Position,
    pub channel: UserId,
    pub username: Username,
    pub display_name: String,
    /// The address of the page, absolute, as it is given away.
    pub address: String,
    pub title: String,
    pub category: Category,
    /// The owner's own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    /// The picture of the stream: the one its owner chose, or else a recent frame while it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<PictureId>,
    pub live: Option<Live>,
    /// Whether the reader follows the channel, and how many do.
    pub follow: FollowState,
    /// What was on before, when there is a before.
    pub last_broadcast: Option<PastBroadcast>,
    /// The next lessons, soonest first, at most five.
    pub upcoming: Vec<UpcomingLesson>,
    pub about: About,
}

/// A broadcast that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastBroadcast {
    pub title: String,
    pub started_at: Timestamp,
    /// Unknown to a page that saw the end itself: it has no clock that others would believe.
    pub ended_at: Option<Timestamp>,
}

/// Who teaches on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub level: Level,
    pub member_since: Timestamp,
    pub bio: RichText,
    /// In the order that the member gave them.
    pub links: Vec<SocialLink>,
}

/// What an owner says about themselves, as an event tells it to the open pages of their channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    pub avatar: Option<PictureId>,
    pub bio: RichText,
    pub links: Vec<SocialLink>,
}

/// The owner's view of their own channel. It never holds the stream key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnChannel {
    pub page: ChannelPage,
    /// The picture that the owner chose for the stream, whatever it shows meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<PictureId>,
    /// The WHIP address for encoders, absolute.
    pub whip_url: String,
}
