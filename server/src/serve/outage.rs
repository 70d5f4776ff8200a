//! Times in which no connection can be accepted, most often because no file descriptor is left.
//!
//! It is tried twenty times a second then, and told twice: when it begins, and when it is over.

use std::{
    io,
    time::{Duration, Instant},
};

/// An outage is over when connections have been accepted for so long without a failure: while it lasts, one that ends makes
/// place for one other.
const CALM: Duration = Duration::from_secs(1);

/// The outage of now, if there is one.
#[derive(Default)]
pub(super) struct Outage(Option<Failures>);

struct Failures {
    first: Instant,
    last: Instant,
}

impl Outage {
    /// Notes that a connection could not be accepted.
    pub(super) fn failed(&mut self, error: &io::Error, now: Instant) {
        if let Some(failures) = &mut self.0 {
            failures.last = now;
            return;
        }
        tracing::warn!(%error, "connections cannot be accepted");
        self.0 = Some(Failures { first: now, last: now });
    }

    /// Notes that one was accepted. Answers how long the outage lasted that this ends.
    pub(super) fn accepted(&mut self, now: Instant) -> Option<Duration> {
        let Failures { first, last } = self.0.take_if(|failures| now.duration_since(failures.last) >= CALM)?;
        let lasted = last.duration_since(first);
        tracing::warn!(?lasted, "connections are accepted again");
        Some(lasted)
    }
}

#[cfg(test)]
mod tests {
    use super::Outage;
    use std::{
        io,
        time::{Duration, Instant},
    };

    #[test]
    fn an_outage_is_one_until_it_is_calm() {
        let (mut outage, began) = (Outage::default(), Instant::now());
        let after = |millis| began + Duration::from_millis(millis);
        assert_eq!(outage.accepted(began), None);
        for attempt in 0..40 {
            outage.failed(&io::ErrorKind::OutOfMemory.into(), after(50 * attempt));
            assert_eq!(outage.accepted(after(50 * attempt + 49)), None, "one that ended made place");
        }
        assert_eq!(outage.accepted(after(2949)), None);
        assert_eq!(outage.accepted(after(2950)), Some(Duration::from_millis(1950)));
        assert_eq!(outage.accepted(after(9000)), None, "it is told once");
    }
}
