//! When pages are asked for.

use std::time::Duration;

/// How often pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everybody asks again as soon as they are answered.
    Closed,
    /// So many requests begin in a second, evenly.
    PerSecond(u32),
    /// Everybody asks once, all at the beginning.
    Once,
}

/// What is to be asked for, and when. Times are microseconds since the beginning.
#[derive(Debug)]
pub struct Plan {
    pace: Pace,
    /// When nothing begins any more.
    end_us: u64,
    /// Requests in all; of a closed run nobody knows before.
    total: u64,
    n_begun: u64,
}

impl Plan {
    pub fn new(pace: Pace, time: Duration, n_browsers: usize) -> Self {
        let total = match pace {
            Pace::Closed => u64::MAX,
            Pace::PerSecond(rate) => u64::from(rate) * time.as_secs(),
            Pace::Once => n_browsers as u64,
        };
        Self { pace, end_us: crate::shared::micros(time), total, n_begun: 0 }
    }

    /// The moment at which the next request was to begin, if it has come.
    pub fn due(&self, now_us: u64) -> Option<u64> {
        let moment = self.next(now_us)?;
        (moment <= now_us).then_some(moment)
    }

    /// When the next request is to begin. None when there is none.
    pub fn next(&self, now_us: u64) -> Option<u64> {
        if self.n_begun >= self.total {
            return None;
        }
        match self.pace {
            Pace::Closed => (now_us < self.end_us).then_some(now_us),
            Pace::PerSecond(rate) => Some(self.n_begun * 1_000_000 / u64::from(rate)),
            Pace::Once => Some(0),
        }
    }

    /// Notes that the next request began.
    pub fn begin(&mut self) {
        self.n_begun += 1;
    }

    /// Requests that have not begun although their time has come.
    pub fn n_left(&self) -> u64 {
        if self.pace == Pace::Closed { 0 } else { self.total - self.n_begun }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Plan};
    use std::time::Duration;

    const TIME: Duration = Duration::from_secs(2);

    #[test]
    fn an_even_pace_waits_for_nobody() {
        let mut plan = Plan::new(Pace::PerSecond(4), TIME, 1);
        for n in 0..8 {
            assert_eq!((plan.due(n * 250_000), plan.n_left()), (Some(n * 250_000), 8 - n));
            plan.begin();
            assert_eq!(plan.due(n * 250_000), None, "the next is not due yet");
        }
        assert_eq!((plan.next(9_000_000), plan.n_left()), (None, 0));
        let mut late = Plan::new(Pace::PerSecond(4), TIME, 1);
        late.begin();
        assert_eq!(late.due(1_900_000), Some(250_000), "what is late is counted from when it was to begin");
    }

    #[test]
    fn the_others() {
        let mut closed = Plan::new(Pace::Closed, TIME, 1);
        closed.begin();
        assert_eq!((closed.due(1_999_999), closed.due(2_000_000), closed.n_left()), (Some(1_999_999), None, 0));
        let mut once = Plan::new(Pace::Once, TIME, 2);
        once.begin();
        assert_eq!((once.due(5), once.n_left()), (Some(0), 1));
        once.begin();
        assert_eq!(once.due(5), None);
    }
}
