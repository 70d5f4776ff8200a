//! What the player says about itself.

use crate::media::watch::Link;
use domain::stream;

/// The honest state of a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayerState {
    Connecting,
    Live,
    Reconnecting,
    /// It was live while this page was open.
    Ended,
    Offline,
}

impl PlayerState {
    /// What is true, from what the server says of the channel and how our own picture stands.
    pub(crate) fn of(signal: Option<stream::Signal>, was_live: bool, link: &Link) -> Self {
        match (signal, link) {
            (None, _) if was_live => Self::Ended,
            (None, _) | (_, Link::Refused(_)) => Self::Offline,
            // A picture that moves is the best proof, also against a server that has not noticed yet.
            (Some(_), Link::Playing) => Self::Live,
            (Some(stream::Signal::Live), Link::Joining) => Self::Connecting,
            (Some(_), _) => Self::Reconnecting,
        }
    }

    /// The value of `data-state` on the player.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Ended => "ended",
            Self::Offline => "offline",
        }
    }

    /// What people read.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Reconnecting => "Reconnecting…",
            Self::Ended => "Stream ended",
            Self::Offline => "Offline",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, PlayerState};
    use domain::stream::Signal;

    #[test]
    fn the_state_follows_the_server_and_the_picture() {
        let refused = || Link::Refused("No.".to_owned());
        for (signal, was_live, link, expected) in [
            (None, false, Link::Joining, PlayerState::Offline),
            (None, true, Link::Playing, PlayerState::Ended),
            (None, true, refused(), PlayerState::Ended),
            (Some(Signal::Live), true, Link::Joining, PlayerState::Connecting),
            (Some(Signal::Live), true, Link::Playing, PlayerState::Live),
            (Some(Signal::Live), true, Link::Stalled, PlayerState::Reconnecting),
            (Some(Signal::Live), true, Link::Lost, PlayerState::Reconnecting),
            (Some(Signal::Live), true, Link::Absent, PlayerState::Reconnecting),
            (Some(Signal::Live), true, refused(), PlayerState::Offline),
            (Some(Signal::Interrupted), true, Link::Joining, PlayerState::Reconnecting),
            (Some(Signal::Interrupted), true, Link::Stalled, PlayerState::Reconnecting),
            (Some(Signal::Interrupted), true, Link::Playing, PlayerState::Live),
        ] {
            assert_eq!(PlayerState::of(signal, was_live, &link), expected, "{signal:?} {was_live} {link:?}");
        }
    }
}
