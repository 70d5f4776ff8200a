//! What the cache did, per namespace.

use super::lifetimes::Namespace;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Fresh values given away, also as a whole page.
    pub hits: u64,
    /// Questions that had to wait for a read, or for a page.
    pub misses: u64,
    /// Values given away that were no longer fresh.
    pub stale: u64,
    /// Reads of the database.
    pub reads: u64,
    /// Those of them that nobody waited for.
    pub refreshes: u64,
    /// Values found in Redis instead.
    pub shared: u64,
    /// Reads that failed.
    pub failures: u64,
    /// What the reads would have taken that were not needed.
    pub saved: Duration,
}

/// In the order of [`Namespace::ALL`].
pub type PerNamespace = [Numbers; Namespace::ALL.len()];

impl Numbers {
    /// What the counts are called where servers add them up, in the order of [`Self::values`].
    pub(super) const NAMES: [&str; 8] = ["hits", "misses", "stale", "reads", "refreshes", "shared", "failures", "saved_micros"];

    pub(super) fn values(self) -> [u64; 8] {
        let Self { hits, misses, stale, reads, refreshes, shared, failures, saved } = self;
        [hits, misses, stale, reads, refreshes, shared, failures, u64::try_from(saved.as_micros()).unwrap_or(u64::MAX)]
    }

    pub(super) const fn from_values(values: [u64; 8]) -> Self {
        let [hits, misses, stale, reads, refreshes, shared, failures, saved_micros] = values;
        let saved = Duration::from_micros(saved_micros);
        Self { hits, misses, stale, reads, refreshes, shared, failures, saved }
    }

    /// What was counted after `earlier`. A count that is less than then began anew.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        self.with(earlier, u64::saturating_sub)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn with(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        let mut values = self.values();
        for (value, other) in values.iter_mut().zip(other.values()) {
            *value = combine(*value, other);
        }
        Self::from_values(values)
    }

    /// Questions that were answered.
    pub const fn questions(self) -> u64 {
        self.hits.saturating_add(self.stale).saturating_add(self.misses)
    }

    /// Of those, the percentage that did not wait for a read. None when nothing was asked.
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    pub fn hit_rate(self) -> Option<f64> {
        let given = self.hits.saturating_add(self.stale);
        (self.questions() > 0).then(|| given as f64 * 100.0 / self.questions() as f64)
    }
}

/// The same, being counted.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) hits: AtomicU64,
    pub(super) misses: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) reads: AtomicU64,
    pub(super) refreshes: AtomicU64,
    pub(super) shared: AtomicU64,
    pub(super) failures: AtomicU64,
    saved_micros: AtomicU64,
}

impl Counter {
    pub(super) fn save(&self, cost: Duration) {
        self.saved_micros.fetch_add(u64::try_from(cost.as_micros()).unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn numbers(&self) -> Numbers {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Numbers {
            hits: read(&self.hits),
            misses: read(&self.misses),
            stale: read(&self.stale),
            reads: read(&self.reads),
            refreshes: read(&self.refreshes),
            shared: read(&self.shared),
            failures: read(&self.failures),
            saved: Duration::from_micros(read(&self.saved_micros)),
        }
    }
}

/// A counter that is one more now.
pub(super) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A counter for each namespace.
#[derive(Debug, Default)]
pub(super) struct Counters {
    home: Counter,
    category: Counter,
    channel: Counter,
    recommended: Counter,
}

impl Counters {
    /// What was counted since the start.
    pub(super) fn numbers(&self) -> PerNamespace {
        Namespace::ALL.map(|namespace| self.of(namespace).numbers())
    }

    pub(super) const fn of(&self, namespace: Namespace) -> &Counter {
        match namespace {
            Namespace::Home => &self.home,
            Namespace::Category => &self.category,
            Namespace::Channel => &self.channel,
            Namespace::Recommended => &self.recommended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;
    use std::time::Duration;

    #[test]
    fn counts_are_added_up_and_told_apart() {
        let earlier = Numbers { hits: 3, misses: 1, saved: Duration::from_micros(50), ..Numbers::default() };
        let later = Numbers { hits: 10, misses: 2, stale: 4, saved: Duration::from_micros(70), ..Numbers::default() };
        let between = later.since(earlier);
        assert_eq!((between.hits, between.misses, between.stale, between.saved), (7, 1, 4, Duration::from_micros(20)));
        assert_eq!(earlier.plus(between), later);
        assert_eq!(earlier.since(later), Numbers::default(), "Redis was emptied");
        assert_eq!(Numbers::from_values(later.values()), later);
    }

    #[test]
    fn who_did_not_wait_was_served_from_the_cache() {
        assert_eq!(Numbers::default().hit_rate(), None);
        let numbers = Numbers { hits: 6, stale: 3, misses: 1, reads: 99, ..Numbers::default() };
        assert_eq!((numbers.questions(), numbers.hit_rate()), (10, Some(90.0)));
    }
}
