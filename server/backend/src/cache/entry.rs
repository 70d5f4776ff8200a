//! One key: what is kept under it, and what that is worth. Time and changes are given, nothing is awaited.

use super::lifetimes::Lifetime;
use crate::events::Changes;
use domain::event::{Position, Topic};
use futures::future::BoxFuture;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// A value, and what must be known to give it away.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) topics: Vec<Topic>,
    /// The position that was read before the value.
    pub(super) read_at: Position,
    /// When reading it began.
    pub(super) since: Instant,
    /// How long that took.
    pub(super) cost: Duration,
}

/// How a read ended.
pub(super) type Outcome<T> = Result<Arc<Kept<T>>, domain::Error>;
/// A read under way: it says how it ended, or ends without a word if it panicked.
pub(super) type Flight<T> = watch::Receiver<Option<Outcome<T>>>;

/// How a value is read at a position.
pub(super) type Loader<T> = Arc<dyn Fn(Position) -> BoxFuture<'static, crate::Result<T>> + Send + Sync>;

/// From how many on who ask for a value between two reads it is read ahead.
const HOT: u32 = 10;

/// What to do for somebody who asks.
#[derive(Debug)]
pub(super) enum Verdict<T> {
    /// Give it away.
    Fresh(Arc<Kept<T>>),
    /// Give it away, and read it anew.
    Stale(Arc<Kept<T>>),
    /// Read it anew, and give that away; or what is kept, if the new one cannot be had.
    Wait(Option<Arc<Kept<T>>>),
}

pub(super) struct Entry<T> {
    kept: Option<Arc<Kept<T>>>,
    /// The position at which the value could not be read anew. If nothing changed since, there is no hurry to try again.
    failed_at: Option<Position>,
    /// When the last read ended that said something. What others read before that may be older than what was given away.
    known_at: Option<Instant>,
    flight: Option<Flight<T>>,
    /// How it is read, the same for all who ask.
    loader: Option<Loader<T>>,
    /// How many have asked since the last read began.
    n_asked: u32,
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { kept: None, failed_at: None, known_at: None, flight: None, loader: None, n_asked: 0 }
    }
}

impl<T> Entry<T> {
    pub(super) fn judge(&self, lifetime: Lifetime, changes: &Changes, now: Instant) -> Verdict<T> {
        let Some(kept) = &self.kept else { return Verdict::Wait(None) };
        let age = now.saturating_duration_since(kept.since);
        if changes.holds(kept.read_at, &kept.topics) {
            if age < lifetime.fresh {
                return Verdict::Fresh(Arc::clone(kept));
            }
            if age < lifetime.stale {
                return Verdict::Stale(Arc::clone(kept));
            }
        }
        if age >= lifetime.keep || changes.is_forgotten(kept.since) {
            return Verdict::Wait(None);
        }
        // Whoever changed something since then has reached the database, so it can be read as well.
        let is_away = self.failed_at.is_some_and(|failed_at| changes.holds(failed_at, &kept.topics));
        if is_away { Verdict::Stale(Arc::clone(kept)) } else { Verdict::Wait(Some(Arc::clone(kept))) }
    }

    /// Notes that somebody asks.
    pub(super) fn ask(&mut self, loader: impl FnOnce() -> Loader<T>) {
        self.n_asked = self.n_asked.saturating_add(1);
        self.loader.get_or_insert_with(loader);
    }

    /// How to read what many have asked for since it was read last.
    pub(super) fn hot(&self) -> Option<&Loader<T>> {
        self.loader.as_ref().filter(|_| self.n_asked >= HOT)
    }

    /// The read that is under way.
    pub(super) fn flight(&self) -> Option<&Flight<T>> {
        // One whose sender is gone has panicked.
        self.flight.as_ref().filter(|flight| flight.has_changed().is_ok())
    }

    /// Notes that a read takes so long that nobody else should wait for it, unless something changes.
    pub(super) const fn give_up(&mut self, position: Position) {
        self.failed_at = Some(position);
    }

    /// What others read is of use only when they began after this.
    pub(super) const fn known_at(&self) -> Option<Instant> {
        self.known_at
    }

    pub(super) fn begin(&mut self, flight: Flight<T>) {
        self.flight = Some(flight);
        self.n_asked = 0;
    }

    /// Takes what was read, and the position when it is known.
    pub(super) fn end(&mut self, outcome: Result<Kept<T>, domain::Error>, position: Position, now: Instant) -> Outcome<T> {
        self.flight = None;
        if !outcome.as_ref().is_err_and(is_outage) {
            self.known_at = Some(now);
        }
        match outcome {
            Ok(kept) => {
                let kept = Arc::new(kept);
                self.kept = Some(Arc::clone(&kept));
                self.failed_at = None;
                Ok(kept)
            }
            Err(error) => {
                if is_outage(&error) {
                    self.failed_at = Some(position);
                } else {
                    // It is known that there is nothing.
                    self.kept = None;
                    self.failed_at = None;
                }
                Err(error)
            }
        }
    }
}

/// Whether an error says nothing about the value that was asked for.
pub(super) const fn is_outage(error: &domain::Error) -> bool {
    matches!(error, domain::Error::Unavailable | domain::Error::Internal)
}

#[cfg(test)]
mod tests;
