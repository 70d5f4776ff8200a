//! What the threads of a run tell each other.

use std::{
    sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Connections are made, and events are published.
    Running = 0,
    /// Everything was published; what is on its way may still come.
    Ending = 1,
    /// Nothing is waited for any more.
    Over = 2,
}

/// The clock and the counters of a run.
#[derive(Debug)]
pub struct Shared {
    began: Instant,
    phase: AtomicU8,
    published: AtomicU64,
    n_ready: AtomicUsize,
    n_given_up: AtomicUsize,
    n_drops: AtomicUsize,
    n_complete: AtomicUsize,
}

impl Shared {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            phase: AtomicU8::new(0),
            published: AtomicU64::new(0),
            n_ready: AtomicUsize::new(0),
            n_given_up: AtomicUsize::new(0),
            n_drops: AtomicUsize::new(0),
            n_complete: AtomicUsize::new(0),
        }
    }

    /// Microseconds since the run began.
    pub fn now_us(&self) -> u64 {
        micros(self.began.elapsed())
    }

    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Ending,
            _ => Phase::Over,
        }
    }

    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// How many events were published: the number of the last one.
    pub fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    pub fn set_published(&self, n: u64) {
        self.published.store(n, Ordering::Release);
    }

    /// Connections that were open at least once.
    pub fn n_ready(&self) -> usize {
        self.n_ready.load(Ordering::Acquire)
    }

    pub fn add_ready(&self) {
        self.n_ready.fetch_add(1, Ordering::AcqRel);
    }

    /// Connections that failed too often.
    pub fn n_given_up(&self) -> usize {
        self.n_given_up.load(Ordering::Acquire)
    }

    pub fn add_given_up(&self) {
        self.n_given_up.fetch_add(1, Ordering::AcqRel);
    }

    /// How often connections were to be dropped so far.
    pub fn n_drops(&self) -> usize {
        self.n_drops.load(Ordering::Acquire)
    }

    pub fn drop_some(&self) {
        self.n_drops.fetch_add(1, Ordering::AcqRel);
    }

    /// Threads whose connections have all heard the last event.
    pub fn n_complete(&self) -> usize {
        self.n_complete.load(Ordering::Acquire)
    }

    pub fn add_complete(&self) {
        self.n_complete.fetch_add(1, Ordering::AcqRel);
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

/// A duration in microseconds.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
