//! Who writes, what they are on this channel, and what they may do there.

use crate::{
    GuestId, PictureId, Timestamp, UserId,
    chat::text::{clean, has_ink},
    user::{Username, string_conversions},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// Tells authors apart, members and guests alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorId {
    Member(UserId),
    Guest(GuestId),
}

impl AuthorId {
    /// The id without its kind. Both kinds are random enough never to meet.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Member(UserId(id)) | Self::Guest(GuestId(id)) => id,
        }
    }

    pub const fn member(self) -> Option<UserId> {
        match self {
            Self::Member(id) => Some(id),
            Self::Guest(_) => None,
        }
    }
}

impl fmt::Display for AuthorId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(id) => write!(formatter, "member:{id}"),
            Self::Guest(id) => write!(formatter, "guest:{id}"),
        }
    }
}

impl FromStr for AuthorId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let author = match text.split_once(':') {
            Some(("member", id)) => id.parse().ok().map(Self::Member),
            Some(("guest", id)) => id.parse().ok().map(Self::Guest),
            _ => None,
        };
        author.ok_or_else(|| "This is nobody.".to_owned())
    }
}

/// What somebody is on one channel. The order is that of their rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatRole {
    Guest,
    Member,
    Moderator,
    /// Whose channel it is.
    Streamer,
}

impl ChatRole {
    /// Whether they may delete what others wrote, keep them from writing, pin, and read the log of all that.
    pub fn moderates(self) -> bool {
        self >= Self::Moderator
    }

    /// The word beside the name; most people have none.
    pub const fn badge(self) -> Option<&'static str> {
        match self {
            Self::Guest => Some("Guest"),
            Self::Member => None,
            Self::Moderator => Some("Mod"),
            Self::Streamer => Some("Host"),
        }
    }
}

/// The author of a message, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub id: AuthorId,
    /// The display name of a member, or what a guest calls themselves.
    pub name: String,
    /// A member's, by which they are mentioned.
    pub username: Option<Username>,
    /// A member's own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
    pub role: ChatRole,
}

/// 2 to 20 letters, digits, spaces, dashes or underscores, as a guest signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestName(String);

impl GuestName {
    pub const MIN: usize = 2;
    pub const MAX: usize = 20;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GuestName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = clean(text);
        if !(Self::MIN..=Self::MAX).contains(&name.chars().count()) || !has_ink(&name) {
            return Err(format!("Your name has {} to {} characters.", Self::MIN, Self::MAX));
        }
        if !name.chars().all(|c| c.is_alphanumeric() || " -_".contains(c)) {
            return Err("Your name may contain letters, digits, spaces, - and _ only.".to_owned());
        }
        Ok(Self(name))
    }
}

string_conversions!(GuestName);

/// What the reader of a chat is there, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Under which id the reader's own messages go.
    pub author: AuthorId,
    pub role: ChatRole,
    pub is_following: bool,
    /// Until when the reader may not write, if a moderator said so.
    pub timed_out_until: Option<Timestamp>,
    /// Whose messages the reader does not see: those of a block, in either direction.
    pub hidden: Vec<UserId>,
}

#[cfg(test)]
mod tests {
    use super::{AuthorId, ChatRole, GuestName};
    use crate::{GuestId, UserId};
    use uuid::Uuid;

    #[test]
    fn authors_read_back_as_written() {
        let id = Uuid::from_u128(7);
        for author in [AuthorId::Member(UserId(id)), AuthorId::Guest(GuestId(id))] {
            assert_eq!(author.to_string().parse(), Ok(author));
        }
        for text in ["", "member:", "guest:1", "admin:00000000-0000-0000-0000-000000000007"] {
            assert!(text.parse::<AuthorId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn guests_sign_with_plain_names() {
        for text in ["Bo", " Zoë K ", "a-b_c 9", &"x".repeat(20)] {
            assert!(text.parse::<GuestName>().is_ok(), "{text:?}");
        }
        for text in ["", "a", "<b>", "a@b", "\u{202e}a", "\u{3164}\u{3164}\u{3164}", &"x".repeat(21)] {
            assert!(text.parse::<GuestName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn rights_grow_with_the_role() {
        assert!(!ChatRole::Member.moderates() && ChatRole::Moderator.moderates() && ChatRole::Streamer.moderates());
    }
}
