//! What many visitors read, kept for a moment: in this process, and behind it in Redis where there is one.
//!
//! Contract. A value is kept with the position it was read at and the topics it is about. It *holds* until an event of
//! these topics says otherwise, whichever server published it; losing continuity ends all of them. So:
//!
//! - **What was read before a change is never given to who asks after it.** There is nothing to invalidate: a value that
//!   does not hold is not given away, however it came to be kept, and a read that a change overtook cannot be mistaken for
//!   a new one. An event outdates a group (everything about its topics) or, if only one key is about a topic, that key.
//! - **A value is given away with a position that is true for it**, so that a page which begins its events there misses
//!   nothing. Where nothing happened since it was read, that is the position of now.
//! - **Single flight.** Of those who wait for the same key one reads, and nobody's leaving stops it. Who asked after a
//!   change does not take the result of a read that began before it.
//! - **Stale while revalidating.** A value that holds is fresh for a while, and after that given away while it is read
//!   anew. What no event tells (a lesson whose time has come, a follower who deleted their account) is seen that much
//!   later and no more.
//! - **Read ahead.** What many ask for is read anew as soon as it does not hold or is not fresh, before the next one asks.
//! - **Old rather than nothing.** While the database is away, values are given away that do not hold, and marked.
//! - **Redis only saves work.** A value found there counts as read at the moment that its reader asked Redis for the time
//!   before it asked the database; this server knows which position it had reached before then. Redis that is away costs
//!   one attempt per second and nothing else. Nothing is searched for there and nothing deleted, since what is old ends;
//!   only an administrator may have it [emptied](Cache::empty).
//! - **Bounded**: keys by number, values by what one page can show, lifetimes by [`lifetimes`].
//!
//! What is kept is what a visitor without an account sees. What differs between readers is added by the services.

mod counters;
mod entry;
mod everywhere;
pub mod lifetimes;
mod shared;
mod shelf;

pub use counters::{Numbers, PerNamespace};
pub use lifetimes::{Namespace, Settings};
pub use shelf::Answer;

use crate::{
    Result,
    events::{BusSettings, Changes, Events},
};
use counters::{Counters, add_one};
use domain::event::{Event, Position, Topic};
use everywhere::Everywhere;
use lifetimes::Key;
use serde::{Serialize, de::DeserializeOwned};
use shared::Shared;
pub(crate) use shelf::Shelf;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// What can be kept.
pub(crate) trait Cached: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The topics whose events change it. A page that shows it listens to no others on its behalf.
    fn topics(&self, key: &Key) -> Vec<Topic>;

    /// Where it says at which position it was read.
    fn position_mut(&mut self) -> &mut Position;
}

/// What shelves have in common. Cheap to clone.
#[derive(Clone)]
pub struct Cache {
    settings: Settings,
    events: Events,
    shared: Option<Shared>,
    counters: Arc<Counters>,
    everywhere: Arc<Everywhere>,
    /// What each shelf does to refresh what is asked for most.
    refresh: Arc<Mutex<Vec<Refresh>>>,
}

type Refresh = Box<dyn Fn() + Send + Sync>;

/// How often it is looked for what is asked for most and fresh no longer.
const REFRESH_INTERVAL: Duration = Duration::from_millis(250);

impl Cache {
    /// Starts the connection to Redis, if there is to be one.
    pub fn new(settings: Settings, redis: Option<&BusSettings>, events: &Events) -> Result<Self> {
        let shared = redis.map(Shared::connect).transpose()?;
        let (counters, everywhere, refresh) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Self { settings, events: events.clone(), shared, counters, everywhere, refresh })
    }

    /// Refreshes what is asked for most, until `stopped`. One task per server runs this.
    pub async fn run(&self, stopped: CancellationToken) {
        let mut interval = tokio::time::interval(REFRESH_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = interval.tick() => self.refresh(),
            }
        }
    }

    fn refresh(&self) {
        for refresh in &*self.refresh.lock().unwrap_or_else(PoisonError::into_inner) {
            refresh();
        }
    }

    fn on_refresh(&self, refresh: impl Fn() + Send + Sync + 'static) {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(refresh));
    }

    /// A place for values of one type.
    pub(crate) fn shelf<T: Cached>(&self) -> Shelf<T> {
        Shelf::new(self)
    }

    /// What was counted since the start.
    pub fn numbers(&self) -> Vec<(Namespace, Numbers)> {
        Namespace::ALL.into_iter().zip(self.counted()).collect()
    }

    /// Counts a whole page that was given away as it was rendered, by whoever keeps such pages. Rendering it took `cost`.
    pub fn count_page(&self, namespace: Namespace, cost: Duration) {
        let counter = self.counters.of(namespace);
        add_one(&counter.hits);
        counter.save(cost);
    }

    /// Counts a question that waited until another had rendered the page.
    pub fn count_wait(&self, namespace: Namespace) {
        add_one(&self.counters.of(namespace).misses);
    }

    pub(crate) fn counted(&self) -> PerNamespace {
        self.counters.numbers()
    }

    /// Adds what was counted here since the last time to what all servers counted. Answers the sums, unless Redis does not.
    pub async fn share_numbers(&self) -> Option<PerNamespace> {
        self.everywhere.add(self.shared.as_ref()?, self.counted()).await
    }

    /// What all servers counted, as they last said. None without a Redis that answers.
    pub fn numbers_everywhere(&self) -> Option<Vec<(Namespace, Numbers)>> {
        Some(Namespace::ALL.into_iter().zip(self.everywhere.sums()?).collect())
    }

    /// Forgets everything that is kept, at all servers: after the database was changed by other means than theirs. Whose
    /// session a request has is remembered a moment longer, as always.
    ///
    /// What is in Redis cannot be given away from here on. It is removed meanwhile, as far as Redis answers. Needs a runtime
    /// of tokio around it.
    pub fn empty(&self) {
        self.events.publish(&[Topic::All], &Event::Hidden);
        let Some(shared) = self.shared.clone() else { return };
        tokio::spawn(async move {
            if let Some(n_removed) = shared.empty().await {
                tracing::info!(n_removed, "what was kept in Redis is removed");
            } else {
                tracing::warn!("what was kept in Redis could not all be removed; the rest ends by itself");
            }
        });
    }

    fn changes(&self) -> &Changes {
        self.events.changes()
    }

    /// Whether values are shared with the other servers just now.
    pub fn is_shared(&self) -> bool {
        self.shared.as_ref().is_some_and(Shared::is_up)
    }
}
