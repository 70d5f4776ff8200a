//! How long requests take, counted in steps that grow with the time, so that counting one is an addition in memory.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Steps per doubling: none is wider than an eighth of what it counts.
const STEPS: u64 = 8;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Enough for a minute of microseconds. What takes longer is counted in the last.
const LENGTH: usize = 192;

/// How many requests fell into each step.
pub(super) type Counts = [u64; LENGTH];

/// The same, being counted, and the sum of all times.
pub(super) struct Histogram {
    counts: [AtomicU64; LENGTH],
    sum_micros: AtomicU64,
}

/// The shortest and the longest bound of [`Latencies`], as powers of two of microseconds: half a millisecond, and more than
/// an answer may take.
const SHORTEST: u32 = 9;
const LONGEST: u32 = 24;

/// How long all requests since the start took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latencies {
    /// A time, and how many requests took less. Each time is twice the one before.
    pub below: [(Duration, u64); (LONGEST - SHORTEST + 1) as usize],
    /// How many there were.
    pub n: u64,
    pub sum: Duration,
}

/// How long the half of the requests took at most, and 95 and 99 of 100; no more than an eighth too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: array::from_fn(|_step| AtomicU64::new(0)), sum_micros: AtomicU64::new(0) }
    }
}

impl Histogram {
    pub(super) fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get(step_of(us).min(LENGTH - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
            self.sum_micros.fetch_add(us, Ordering::Relaxed);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    pub(super) fn latencies(&self) -> Latencies {
        let (counts, sum) = (self.counts(), Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)));
        let mut bound = SHORTEST;
        let below = array::from_fn(|_| {
            // Where the steps become wider, one ends.
            let us = 1 << bound;
            bound += 1;
            (Duration::from_micros(us), counts.iter().take(step_of(us)).sum())
        });
        Latencies { below, n: counts.iter().sum(), sum }
    }
}

impl Latency {
    /// None when nothing was counted.
    pub(super) fn of(counts: &Counts) -> Option<Self> {
        let n: u64 = counts.iter().sum();
        let quantile = |percent: u64| {
            let wanted = (n * percent).div_ceil(100);
            let mut n_so_far = 0;
            let step = counts.iter().position(|count| {
                n_so_far += count;
                n_so_far >= wanted
            });
            Duration::from_micros(end_of(step.unwrap_or(LENGTH - 1)))
        };
        (n > 0).then(|| Self { p50: quantile(50), p95: quantile(95), p99: quantile(99) })
    }
}

fn step_of(us: u64) -> usize {
    let doubling = us.max(1).ilog2().saturating_sub(STEP_BITS);
    // Below 8 each number has a step of its own; above, the three bits after the highest choose among eight.
    let step = if us < STEPS { us } else { STEPS * u64::from(doubling) + (us >> doubling) };
    usize::try_from(step).unwrap_or(usize::MAX)
}

/// The greatest number of microseconds in a step.
fn end_of(step: usize) -> u64 {
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if step < STEPS {
        return step;
    }
    ((step % STEPS + STEPS + 1) << (step / STEPS - 1)) - 1
}

#[cfg(test)]
mod tests {
    use super::{Histogram, LENGTH, Latencies, Latency, end_of, step_of};
    use std::time::Duration;

    #[test]
    fn every_time_has_a_step_that_is_not_wide() {
        for us in (0..5000).chain([65_535, 65_536, 1_000_000, 60_000_000]) {
            let step = step_of(us);
            assert!(step < LENGTH, "{us}");
            let end = end_of(step);
            assert!(end >= us && end - us <= us / 8, "{us} ends at {end}");
            assert!(step == 0 || end_of(step - 1) < us, "{us}");
        }
    }

    #[test]
    fn bounds_are_exact() {
        let histogram = Histogram::default();
        let times = [0, 511, 512, 1023, 1024, 1_000_000, 16_777_215, 16_777_216, 3_600_000_000];
        for us in times {
            histogram.add(Duration::from_micros(us));
        }
        let Latencies { below, n, sum } = histogram.latencies();
        assert_eq!((n, sum), (9, times.into_iter().map(Duration::from_micros).sum()));
        for (bound, count) in below {
            let expected = times.iter().filter(|us| Duration::from_micros(**us) < bound).count();
            assert_eq!(usize::try_from(count).unwrap(), expected, "{bound:?}");
        }
        assert_eq!(below.map(|(bound, _)| bound.as_micros())[..2], [512, 1024]);
        assert_eq!(below[15].0, Duration::from_micros(16_777_216));
    }

    #[test]
    fn quantiles() {
        let histogram = Histogram::default();
        assert_eq!(Latency::of(&histogram.counts()), None);
        for ms in 1..=1000 {
            histogram.add(Duration::from_millis(ms));
        }
        histogram.add(Duration::from_hours(1));
        let Latency { p50, p95, p99 } = Latency::of(&histogram.counts()).unwrap();
        for (value, ms) in [(p50, 501), (p95, 951), (p99, 991)] {
            let exact = Duration::from_millis(ms);
            assert!(value >= exact && value <= exact + exact / 8, "{value:?} for {exact:?}");
        }
    }
}
