//! What the cache did, per namespace.

use super::lifetimes::Namespace;
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Fresh values given away.
    pub hits: u64,
    /// Questions that had to wait for a read.
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
    pub(super) const fn of(&self, namespace: Namespace) -> &Counter {
        match namespace {
            Namespace::Home => &self.home,
            Namespace::Category => &self.category,
            Namespace::Channel => &self.channel,
            Namespace::Recommended => &self.recommended,
        }
    }
}
