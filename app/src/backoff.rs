//! How long to wait before trying again.

/// The longest wait after the first failure.
const BASE_MILLIS: u32 = 500;
/// The longest wait ever.
const CAP_MILLIS: u32 = 30_000;

/// Full jitter: each wait is anywhere between nothing and a limit that doubles with every failure, so that the many
/// pages that lost the same server do not come back at the same moment.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Notes a failure and answers how long to wait, in milliseconds. `random` is between 0 and 1.
    pub fn next(&mut self, random: f64) -> u32 {
        let limit = BASE_MILLIS.saturating_mul(1 << self.failures.min(16)).min(CAP_MILLIS);
        self.failures += 1;
        part(limit, random)
    }

    /// Forgets the failures, after a success that lasted.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A part of something; `random` is between 0 and 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the whole")]
pub fn part(of: u32, random: f64) -> u32 {
    (f64::from(of) * random.clamp(0.0, 1.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn the_limit_doubles_up_to_a_cap() {
        let mut backoff = Backoff::default();
        let longest: Vec<u32> = (0..9).map(|_| backoff.next(1.0)).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        backoff.reset();
        assert_eq!(backoff.next(0.5), 250);
    }

    #[test]
    fn any_wait_below_the_limit_is_possible() {
        for _ in 0..100 {
            assert_eq!(Backoff { failures: u32::MAX / 2 }.next(0.0), 0);
        }
        assert_eq!(Backoff { failures: 3 }.next(0.25), 1000);
        assert_eq!(Backoff::default().next(7.0), 500);
    }
}
