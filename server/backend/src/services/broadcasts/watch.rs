//! Whether this server can tell that another is silent: while it did not see the database itself, or the database's clock was
//! set, signs of life may be old whose servers are well.

use domain::{Timestamp, stream::GRACE_SECONDS};
use std::time::{Duration, Instant};

/// Between two looks, at most. What then remains of the time for which a sign of life counts is enough for giving one.
const BLINK: Duration = Duration::from_secs(8);
/// By how much the database's clock may differ between two looks from what it should tell.
const SHIFT_MILLIS: i64 = 5000;

#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The last look, by both clocks.
    last: Option<(Instant, Timestamp)>,
    /// Until when everybody who is alive has been heard of again.
    blind_until: Option<Instant>,
}

impl Watch {
    /// Takes note of the database's clock. True when who is silent by it can be taken for dead.
    pub(super) fn look(&mut self, now: Instant, clock: Timestamp) -> bool {
        if let Some((last, told)) = self.last.replace((now, clock)) {
            let passed = now.saturating_duration_since(last);
            let expected = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
            let shift = clock.0.saturating_sub(told.0).saturating_sub(expected);
            if passed > BLINK || shift.abs() > SHIFT_MILLIS {
                self.blind_until = Some(now + Duration::from_secs(GRACE_SECONDS));
            }
        }
        self.blind_until.is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use domain::Timestamp;
    use std::time::{Duration, Instant};

    /// Looks at these seconds, at which the database's clock tells those.
    fn looks(at: &[(u64, i64)]) -> Vec<bool> {
        let (mut watch, start) = (Watch::default(), Instant::now());
        at.iter().map(|(now, clock)| watch.look(start + Duration::from_secs(*now), Timestamp(clock * 1000))).collect()
    }

    #[test]
    fn who_looks_all_the_time_can_tell() {
        assert_eq!(looks(&[(0, 50), (1, 51), (2, 54), (9, 60)]), [true; 4]);
    }

    #[test]
    fn who_did_not_see_the_database_for_a_while_first_listens() {
        assert_eq!(looks(&[(0, 50), (20, 70), (21, 71), (28, 78), (34, 84), (35, 85)]), [true, false, false, false, false, true]);
    }

    #[test]
    fn a_clock_that_is_set_tells_nothing_about_others() {
        assert_eq!(looks(&[(0, 50), (1, 3651), (8, 3658), (15, 3665), (16, 3666)]), [true, false, false, false, true]);
        assert_eq!(looks(&[(0, 5000), (1, 1401), (9, 1409), (16, 1416)]), [true, false, false, true]);
    }

    #[test]
    fn blindness_begins_again_while_it_lasts() {
        assert_eq!(looks(&[(0, 0), (10, 10), (18, 18), (27, 27), (34, 34), (42, 42)]), [true, false, false, false, false, true]);
    }
}
