//! Following a channel: who may, what it is worth, and what a button about it shows.

use crate::{Category, Error, PictureId, UserId, event::Position, stream::StreamCard, user::Username};
use serde::{Deserialize, Serialize};

/// Experience points for following a channel for the first time, ever.
pub const FOLLOW_XP: i64 = 5;

/// What one reader sees of the followers of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FollowState {
    pub is_following: bool,
    pub followers: u32,
    /// Whether the channel is the reader's own, which nobody follows.
    pub is_own: bool,
}

impl FollowState {
    /// The state after this reader followed or stopped, as it is shown before the server has answered.
    #[must_use]
    pub const fn with_following(self, is_following: bool) -> Self {
        let followers = match (self.is_following, is_following) {
            (false, true) => self.followers.saturating_add(1),
            (true, false) => self.followers.saturating_sub(1),
            _ => self.followers,
        };
        Self { is_following, followers, ..self }
    }
}

/// A followed channel that is not live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfflineChannel {
    pub id: UserId,
    pub username: Username,
    pub display_name: String,
    pub title: String,
    pub category: Category,
    /// Its owner's own picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<PictureId>,
}

/// Followed channels that are not live, on one page.
pub const FOLLOWING_PAGE: usize = 48;
/// Followed channels that are live, at most; most viewers first.
pub const FOLLOWING_LIVE: usize = 96;

/// The channels that a member follows, read at `position`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowingPage {
    pub position: Position,
    pub live: Vec<StreamCard>,
    /// Those who were followed last, first.
    pub offline: Vec<OfflineChannel>,
    /// How many are followed in all.
    pub total: u32,
    /// The page of `offline`, counted from 1.
    pub page: u32,
    pub n_pages: u32,
}

/// Whether one person may follow a channel. Across a block, in either direction, the channel does not exist.
pub fn may_follow(follower: UserId, channel: UserId, is_blocked: bool) -> Result<(), Error> {
    if is_blocked {
        return Err(Error::not_found("channel"));
    }
    if follower == channel {
        return Err(Error::invalid("channel", "You cannot follow your own channel."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FollowState, may_follow};
    use crate::{Error, UserId};
    use uuid::Uuid;

    #[test]
    fn nobody_follows_themselves_or_across_a_block() {
        let (ana, ben) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_eq!(may_follow(ana, ben, false), Ok(()));
        assert!(matches!(may_follow(ana, ana, false), Err(Error::Invalid { .. })));
        assert_eq!(may_follow(ana, ben, true), Err(Error::not_found("channel")));
    }

    #[test]
    fn counts_only_what_changes() {
        let state = |is_following, followers| FollowState { is_following, followers, is_own: false };
        for (before, follows, after) in [
            (state(false, 3), true, state(true, 4)),
            (state(true, 4), true, state(true, 4)),
            (state(true, 4), false, state(false, 3)),
            (state(false, 3), false, state(false, 3)),
            (state(true, 0), false, state(false, 0)),
        ] {
            assert_eq!(before.with_following(follows), after);
        }
    }
}
