//! How many people watch: unique viewers, told at once and then at most every 250 ms.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::ids::ViewerId;

/// The shortest time between two announcements of one stream.
const QUIET: Duration = Duration::from_millis(250);

/// The connected, counted viewers of one stream.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    sessions: HashMap<ViewerId, u32>,
    told: u32,
    told_at: Option<Instant>,
}

impl Audience {
    /// One more session of this viewer is connected.
    pub(crate) fn join(&mut self, viewer: ViewerId) {
        *self.sessions.entry(viewer).or_default() += 1;
    }

    /// One session less. Must follow a [`join`](Self::join) of the same viewer.
    pub(crate) fn leave(&mut self, viewer: ViewerId) {
        if let Some(sessions) = self.sessions.get_mut(&viewer) {
            *sessions -= 1;
            if *sessions == 0 {
                self.sessions.remove(&viewer);
            }
        }
    }

    /// How many people watch.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.sessions.len()).unwrap_or(u32::MAX)
    }

    /// The count, if it changed and may be told now.
    pub(crate) fn news(&mut self, now: Instant) -> Option<u32> {
        let count = self.count();
        let early = self.told_at.is_some_and(|at| now.saturating_duration_since(at) < QUIET);
        if count == self.told || early {
            return None;
        }
        self.told = count;
        self.told_at = Some(now);
        Some(count)
    }

    /// Whether nobody watches and everybody was told so.
    pub(crate) fn is_settled(&self) -> bool {
        self.sessions.is_empty() && self.told == 0
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn viewer(n: u128) -> ViewerId {
        ViewerId(Uuid::from_u128(n))
    }

    #[test]
    fn two_sessions_of_one_viewer_are_one() {
        let now = Instant::now();
        let mut audience = Audience::default();
        audience.join(viewer(1));
        audience.join(viewer(1));
        assert_eq!(audience.news(now), Some(1));
        audience.leave(viewer(1));
        assert_eq!(audience.count(), 1);
        audience.leave(viewer(1));
        assert_eq!(audience.news(now + QUIET), Some(0));
        assert!(audience.is_settled());
    }

    #[test]
    fn the_first_change_is_told_at_once_and_the_rest_together() {
        let now = Instant::now();
        let mut audience = Audience::default();
        audience.join(viewer(1));
        assert_eq!(audience.news(now), Some(1));
        for n in 2..10 {
            audience.join(viewer(n));
            assert_eq!(audience.news(now + Duration::from_millis(10)), None);
        }
        assert_eq!(audience.news(now + QUIET), Some(9));
        assert_eq!(audience.news(now + 3 * QUIET), None);
    }

    #[test]
    fn a_visit_between_two_announcements_is_not_told() {
        let now = Instant::now();
        let mut audience = Audience::default();
        audience.join(viewer(1));
        assert_eq!(audience.news(now), Some(1));
        audience.join(viewer(2));
        audience.leave(viewer(2));
        assert_eq!(audience.news(now + QUIET), None);
    }

    #[test]
    fn leaving_without_joining_changes_nothing() {
        let mut audience = Audience::default();
        audience.leave(viewer(1));
        assert_eq!(audience.count(), 0);
    }
}
