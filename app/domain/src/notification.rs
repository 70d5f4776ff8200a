//! What a member is told about, and which of it they want.

use crate::{NotificationId, Timestamp, UserId, person::Person, user::Username};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A channel that the member follows went live.
    Live,
    /// Somebody follows the member's channel.
    Follower,
    /// Somebody named the member in a chat.
    Mention,
    /// A moderator dealt with the member or with one of their messages.
    Moderation,
    /// The member became the moderator of a channel.
    Appointed,
}

impl NotificationKind {
    pub const ALL: [Self; 5] = [Self::Live, Self::Follower, Self::Mention, Self::Moderation, Self::Appointed];

    /// The name in forms and in the database.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Follower => "follower",
            Self::Mention => "mention",
            Self::Moderation => "moderation",
            Self::Appointed => "appointed",
        }
    }

    /// What the switch in the settings says.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "A channel you follow goes live",
            Self::Follower => "Somebody follows your channel",
            Self::Mention => "Somebody mentions you in a chat",
            Self::Moderation => "A moderator acts on your messages",
            Self::Appointed => "You become the moderator of a channel",
        }
    }
}

impl FromStr for NotificationKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.slug() == text).ok_or_else(|| "There is no such notification.".to_owned())
    }
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    pub kind: NotificationKind,
    /// Who caused it. They are not told themselves.
    pub actor: Option<UserId>,
    /// The channel where it happened, when that is not the actor's own.
    pub channel: Option<UserId>,
    /// What it is about; see [`shortened`].
    pub words: String,
}

/// One thing a member was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    pub id: NotificationId,
    pub kind: NotificationKind,
    /// Who caused it.
    pub actor: Option<Person>,
    /// The channel where it happened, when that is not the actor's own.
    pub channel: Option<Person>,
    /// What it is about, for example the title of the broadcast or the beginning of a message.
    pub words: String,
    pub created_at: Timestamp,
    pub is_read: bool,
}

impl Notification {
    /// The channel that it leads to.
    pub fn leads_to(&self) -> Option<&Username> {
        self.channel.as_ref().or(self.actor.as_ref()).map(|person| &person.username)
    }
}

/// Notifications on one page of the list.
pub const NOTIFICATIONS_PAGE: usize = 30;

/// The newest notifications of a member, or those before one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationPage {
    pub notifications: Vec<Notification>,
    /// How many are unread in all; counted up to [`MOST_UNREAD`].
    pub unread: u32,
    /// Where the next page begins, when there is one.
    pub older: Option<NotificationId>,
}

/// From here on a count of unread notifications is not exact, and nobody reads it exactly.
pub const MOST_UNREAD: u32 = 100;

/// Characters of [`Notification::words`].
pub const WORDS_MAX: usize = 200;

/// The first characters of a text, as many as a notification keeps.
pub fn shortened(text: &str) -> String {
    text.chars().take(WORDS_MAX).collect()
}

/// Which kinds a member wants to be told about: all that are not muted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NotificationSettings {
    pub muted: Vec<NotificationKind>,
}

impl NotificationSettings {
    /// The settings in which exactly these kinds are wanted.
    pub fn wanting(wanted: &[NotificationKind]) -> Self {
        Self { muted: NotificationKind::ALL.into_iter().filter(|kind| !wanted.contains(kind)).collect() }
    }

    pub fn wants(&self, kind: NotificationKind) -> bool {
        !self.muted.contains(&kind)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotificationKind, NotificationSettings, WORDS_MAX, shortened};

    #[test]
    fn kinds_read_back_as_written() {
        for kind in NotificationKind::ALL {
            assert_eq!(kind.slug().parse(), Ok(kind));
        }
        assert!("gossip".parse::<NotificationKind>().is_err());
    }

    #[test]
    fn whatever_is_not_muted_is_wanted() {
        let settings = NotificationSettings::wanting(&[NotificationKind::Mention]);
        for kind in NotificationKind::ALL {
            assert!(NotificationSettings::default().wants(kind), "{kind:?}");
            assert_eq!(settings.wants(kind), kind == NotificationKind::Mention, "{kind:?}");
        }
    }

    #[test]
    fn words_are_cut_between_characters() {
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ü".repeat(WORDS_MAX + 1)).chars().count(), WORDS_MAX);
    }
}
