//! Durations, counted in steps that grow with them, so that millions take a few kilobytes.

use serde::Serialize;

/// Steps per doubling: none is wider than a sixteenth of what it counts.
const STEPS: u64 = 16;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// As many as a `u64` of microseconds needs.
const LENGTH: usize = 61 * 16;

/// How many durations fell into each step.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    n: u64,
    longest: u64,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub longest: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; LENGTH], n: 0, longest: 0 }
    }
}

impl Histogram {
    /// Counts a duration of so many microseconds.
    pub fn add(&mut self, us: u64) {
        if let Some(count) = self.counts.get_mut(step_of(us)) {
            *count += 1;
        }
        self.n += 1;
        self.longest = self.longest.max(us);
    }

    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.n += other.n;
        self.longest = self.longest.max(other.longest);
    }

    /// None when nothing was counted.
    pub fn summary(&self) -> Option<Summary> {
        let millis = |us: u64| (as_f64(us) / 10.0).round() / 100.0;
        (self.n > 0).then(|| Summary {
            p50: millis(self.quantile(500)),
            p95: millis(self.quantile(950)),
            p99: millis(self.quantile(990)),
            longest: millis(self.longest),
        })
    }

    /// The end of the step in which the duration lies that so many thousandths do not exceed.
    fn quantile(&self, thousandths: u64) -> u64 {
        let wanted = (self.n * thousandths).div_ceil(1000).max(1);
        let mut n_so_far = 0;
        for (step, count) in self.counts.iter().enumerate() {
            n_so_far += count;
            if n_so_far >= wanted {
                return end_of(step).min(self.longest);
            }
        }
        self.longest
    }
}

fn step_of(us: u64) -> usize {
    let doubling = us.max(1).ilog2().saturating_sub(STEP_BITS);
    // Below 16 each number has a step of its own; above, the four bits after the highest choose among sixteen.
    let step = if us < STEPS { us } else { STEPS * (u64::from(doubling) + 1) + (us >> doubling) - STEPS };
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// The greatest duration of a step.
fn end_of(step: usize) -> u64 {
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if step < STEPS {
        return step;
    }
    let doubling = step / STEPS - 1;
    let end = u128::from(step % STEPS + STEPS + 1) << doubling;
    u64::try_from(end - 1).unwrap_or(u64::MAX)
}

/// For showing only: a part in ten thousand of a million does not matter.
#[expect(clippy::cast_precision_loss, reason = "what is shown has four digits")]
pub fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Histogram, LENGTH, end_of, step_of};

    #[test]
    fn every_duration_has_a_step_that_is_not_wide() {
        for us in (0..5000).chain([65_535, 65_536, 1_000_000, u64::MAX / 3, u64::MAX]) {
            let step = step_of(us);
            assert!(step < LENGTH, "{us}");
            let end = end_of(step);
            assert!(end >= us && end - us <= us / 16, "{us} ends at {end}");
            assert!(step == 0 || end_of(step - 1) < us, "{us}");
        }
    }

    #[test]
    fn quantiles() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.summary(), None);
        for ms in 1..=1000 {
            histogram.add(ms * 1000);
        }
        let summary = histogram.summary().unwrap();
        let is_near = |value: f64, expected: f64| (value - expected).abs() <= expected / 16.0;
        assert!(is_near(summary.p50, 500.0) && is_near(summary.p95, 950.0) && is_near(summary.p99, 990.0), "{summary:?}");
        assert!((summary.longest - 1000.0).abs() < 0.01);
    }
}
