//! Values of one type: looked for here, then in Redis, then read.

use super::{
    Cache, Cached,
    counters::{Counter, add_one},
    entry::{Entry, Flight, Kept, Loader, Verdict, is_outage},
    lifetimes::{Key, Lifetime},
};
use crate::Result;
use domain::event::Position;
use moka::future::Cache as Memory;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long somebody waits for a new value when there is an old one: less than a page waits for its side bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// How long a read may take before the next is tried: a database that hangs in the middle of it never says so.
const READ_TIME: Duration = Duration::from_secs(10);
/// How often a read that a change overtook is tried again.
const ATTEMPTS: u32 = 4;

/// What somebody gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    /// For how long it has not been fresh any more. None for what is fresh.
    pub stale_for: Option<Duration>,
}

impl<T> Answer<T> {
    /// What was read for this answer alone.
    pub(crate) const fn new(value: T) -> Self {
        Self { value, stale_for: None }
    }

    /// What a response says that was made of it (RFC 9211, Cache-Status); nothing when it is fresh.
    pub fn cache_status(&self) -> Option<String> {
        let seconds = self.stale_for?.as_secs() + 1;
        Some(format!("learnify; hit; ttl=-{seconds}"))
    }
}

/// What is done with what other servers read.
#[derive(Clone, Copy)]
enum Others {
    Ignored,
    /// It is as good as read here, if they began after this moment.
    Taken {
        after: Option<Instant>,
    },
}

type Slot<T> = Arc<Mutex<Entry<T>>>;

/// Values of one type. Cheap to clone.
pub(crate) struct Shelf<T: Cached>(Arc<Inner<T>>);

struct Inner<T> {
    cache: Cache,
    slots: Memory<Key, Slot<T>>,
}

impl<T: Cached> Clone for Shelf<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Cached> Shelf<T> {
    pub(super) fn new(cache: &Cache) -> Self {
        let idle = cache.settings.keep.max(Duration::from_mins(1));
        let slots = Memory::builder().max_capacity(cache.settings.entries).time_to_idle(idle).build();
        let inner = Arc::new(Inner { cache: cache.clone(), slots });
        let known = Arc::downgrade(&inner);
        cache.on_refresh(move || {
            if let Some(inner) = known.upgrade() {
                Self(inner).refresh();
            }
        });
        Self(inner)
    }

    /// The value under a key. `load` reads it at the position that it is given, which is what the value must say.
    pub(crate) async fn get<L, F>(&self, key: Key, load: L) -> Result<Answer<T>>
    where
        L: Fn(Position) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let Inner { cache, slots } = &*self.0;
        let lifetime = cache.settings.of(key.namespace());
        let counter = cache.counters.of(key.namespace());
        let asked_at = cache.changes().position();
        let slot = slots.get_with_by_ref(&key, async { Slot::default() }).await;
        for attempt in 0..ATTEMPTS {
            let is_first = attempt == 0;
            let (verdict, flight, is_own) = {
                let mut entry = lock(&slot);
                if is_first {
                    entry.ask(|| loader(load.clone()));
                }
                let verdict = entry.judge(lifetime, cache.changes(), Instant::now());
                let is_fresh = matches!(verdict, Verdict::Fresh(_));
                let flight = entry.flight().cloned();
                let is_own = flight.is_none() && !is_fresh;
                if is_own {
                    let is_awaited = matches!(verdict, Verdict::Wait(_));
                    let flight = self.take_off(&mut entry, &slot, &key, load.clone(), (is_first, is_awaited));
                    (verdict, Some(flight), is_own)
                } else {
                    (verdict, flight, is_own)
                }
            };
            let fallback = match verdict {
                Verdict::Fresh(kept) => {
                    add_one(&counter.hits);
                    return Ok(self.give(counter, &kept, None));
                }
                Verdict::Stale(kept) => return Ok(self.give_stale(counter, &kept, lifetime)),
                Verdict::Wait(fallback) => fallback,
            };
            let Some(flight) = flight else { continue };
            if is_first {
                add_one(&counter.misses);
            }
            match (landing(flight, fallback.is_some()).await, fallback) {
                (Some(Ok(kept)), _) => {
                    let began_after = kept.read_at.epoch == asked_at.epoch && kept.read_at.sequence >= asked_at.sequence;
                    if began_after || cache.changes().holds(kept.read_at, &kept.topics) {
                        return Ok(self.give_new(&kept));
                    }
                    // It was read before a change that came before the question.
                }
                // What somebody else did not find may be there by now.
                (Some(Err(error)), _) if !is_own && !is_outage(&error) => {}
                (Some(Err(error)), Some(kept)) if is_outage(&error) => return Ok(self.give_stale(counter, &kept, lifetime)),
                (Some(Err(error)), _) => return Err(error.into()),
                (None, Some(kept)) => {
                    lock(&slot).give_up(cache.changes().position());
                    return Ok(self.give_stale(counter, &kept, lifetime));
                }
                (None, None) => return Err(domain::Error::Internal.into()),
            }
        }
        // Changes come faster than reads.
        add_one(&counter.reads);
        load(cache.changes().position()).await.map(Answer::new)
    }

    /// Reads anew what many ask for and what is fresh no longer, so that the next of them need not wait.
    fn refresh(&self) {
        let Inner { cache, slots } = &*self.0;
        for (key, slot) in slots {
            let mut entry = lock(&slot);
            let Some(loader) = entry.hot().cloned() else { continue };
            let lifetime = cache.settings.of(key.namespace());
            let is_fresh = matches!(entry.judge(lifetime, cache.changes(), Instant::now()), Verdict::Fresh(_));
            if !is_fresh && entry.flight().is_none() && !lifetime.fresh.is_zero() {
                self.take_off(&mut entry, &slot, &key, move |position| loader(position), (true, false));
            }
        }
    }

    /// Begins to read, whoever waits for it or not.
    fn take_off<L, F>(
        &self,
        entry: &mut Entry<T>,
        slot: &Slot<T>,
        key: &Key,
        load: L,
        (may_be_shared, is_awaited): (bool, bool),
    ) -> Flight<T>
    where
        L: Fn(Position) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (sender, flight) = watch::channel(None);
        entry.begin(flight.clone());
        let (owner, slot, key) = (self.clone(), Arc::clone(slot), key.clone());
        let read_at = self.0.cache.changes().position();
        let others = if may_be_shared { Others::Taken { after: entry.known_at() } } else { Others::Ignored };
        let counter = self.0.cache.counters.of(key.namespace());
        if !is_awaited {
            add_one(&counter.refreshes);
        }
        tokio::spawn(async move {
            let cache = &owner.0.cache;
            let reading = owner.read(&key, read_at, &load, others);
            let outcome = match tokio::time::timeout(READ_TIME, reading).await {
                Ok(outcome) => outcome,
                Err(_elapsed) => Err(domain::Error::Unavailable.into()),
            };
            let outcome = outcome.map_err(|error| {
                let error = error.into_domain();
                if is_outage(&error) {
                    add_one(&cache.counters.of(key.namespace()).failures);
                }
                error
            });
            let outcome = lock(&slot).end(outcome, cache.changes().position(), Instant::now());
            sender.send_replace(Some(outcome));
        });
        flight
    }

    /// Finds or reads a value. What others read may be taken.
    async fn read<L, F>(&self, key: &Key, read_at: Position, load: &L, others: Others) -> Result<Kept<T>>
    where
        L: Fn(Position) -> F,
        F: Future<Output = Result<T>>,
    {
        let cache = &self.0.cache;
        let fresh = cache.settings.of(key.namespace()).fresh;
        let counter = cache.counters.of(key.namespace());
        let shared = cache.shared.as_ref().filter(|shared| !fresh.is_zero() && shared.is_up());
        let mut clock = None;
        if let (Some(shared), Others::Taken { after }) = (shared, others)
            && let Some(found) = shared.get::<T>(key).await
        {
            clock = Some(found.clock);
            if let Some(found) = found.value
                && found.since.elapsed() < fresh
                && after.is_none_or(|after| after < found.since)
                && let Some(read_at) = cache.changes().position_at(found.since)
            {
                let kept = keep(found.value, key, read_at, found.since, found.cost);
                if cache.changes().holds(read_at, &kept.topics) {
                    add_one(&counter.shared);
                    counter.save(found.cost);
                    return Ok(kept);
                }
            }
        }
        add_one(&counter.reads);
        let since = Instant::now();
        let value = load(read_at).await?;
        let kept = keep(value, key, read_at, since, since.elapsed());
        if let (Some(shared), Some(clock)) = (shared.cloned(), clock)
            && cache.changes().holds(read_at, &kept.topics)
        {
            let (key, value, cost) = (key.clone(), kept.value.clone(), kept.cost);
            tokio::spawn(async move { shared.put(&key, value, clock, cost, fresh).await });
        }
        Ok(kept)
    }

    fn give(&self, counter: &Counter, kept: &Kept<T>, stale_for: Option<Duration>) -> Answer<T> {
        counter.save(kept.cost);
        Answer { stale_for, ..self.give_new(kept) }
    }

    fn give_stale(&self, counter: &Counter, kept: &Kept<T>, lifetime: Lifetime) -> Answer<T> {
        add_one(&counter.stale);
        self.give(counter, kept, Some(kept.since.elapsed().saturating_sub(lifetime.fresh)))
    }

    fn give_new(&self, kept: &Kept<T>) -> Answer<T> {
        let mut value = kept.value.clone();
        *value.position_mut() = self.0.cache.changes().advance(kept.read_at, &kept.topics);
        Answer::new(value)
    }
}

/// The same whatever it is made of.
fn loader<T, L, F>(load: L) -> Loader<T>
where
    L: Fn(Position) -> F + Send + Sync + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    Arc::new(move |position| Box::pin(load(position)))
}

fn keep<T: Cached>(mut value: T, key: &Key, read_at: Position, since: Instant, cost: Duration) -> Kept<T> {
    *value.position_mut() = read_at;
    let topics = value.topics(key);
    Kept { value, topics, read_at, since, cost }
}

/// How a read ended. None when it ended without a word, or is not waited for any longer.
async fn landing<T>(mut flight: Flight<T>, has_fallback: bool) -> Option<super::entry::Outcome<T>> {
    let ended = async { flight.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone()) };
    if has_fallback { tokio::time::timeout(PATIENCE, ended).await.ok().flatten() } else { ended.await }
}

fn lock<T>(slot: &Mutex<Entry<T>>) -> MutexGuard<'_, Entry<T>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
