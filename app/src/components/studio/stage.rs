//! What the studio says about itself.

use crate::media::publish::Progress;
use domain::stream::Signal;

/// Where the broadcast stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Preparing,
    Connecting,
    Live,
    Reconnecting,
    Ended,
}

impl Stage {
    /// `progress` is that of this page; `signal` is what the server receives from anywhere.
    pub(super) fn of(progress: Option<Progress>, was_on_air: bool, signal: Option<Signal>) -> Self {
        match (progress, signal) {
            // What we ended has ended, even if the server still waits for us to come back.
            (None, _) if was_on_air => Self::Ended,
            (None, None) => Self::Preparing,
            (Some(Progress::Connecting), _) => Self::Connecting,
            (Some(Progress::Sending), _) | (None, Some(Signal::Live)) => Self::Live,
            (Some(Progress::Reconnecting), _) | (None, Some(Signal::Interrupted)) => Self::Reconnecting,
        }
    }

    /// The value of `data-state` on the studio.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Reconnecting => "reconnecting",
            Self::Ended => "ended",
        }
    }

    /// What people read.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Preparing => "Preparing",
            Self::Connecting => "Connecting",
            Self::Live => "Live",
            Self::Reconnecting => "Reconnecting",
            Self::Ended => "Ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, Signal, Stage};

    #[test]
    fn the_stage_follows_this_page_first() {
        for (progress, was_on_air, signal, expected) in [
            (None, false, None, Stage::Preparing),
            (Some(Progress::Connecting), true, None, Stage::Connecting),
            (Some(Progress::Sending), true, None, Stage::Live),
            (Some(Progress::Reconnecting), true, Some(Signal::Live), Stage::Reconnecting),
            (None, true, Some(Signal::Interrupted), Stage::Ended),
            (None, true, None, Stage::Ended),
            (None, false, Some(Signal::Live), Stage::Live),
            (None, false, Some(Signal::Interrupted), Stage::Reconnecting),
        ] {
            assert_eq!(Stage::of(progress, was_on_air, signal), expected, "{progress:?} {was_on_air} {signal:?}");
        }
    }
}
