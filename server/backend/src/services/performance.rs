//! How this server is doing: samples of the last ten minutes, and what in them needs attention.

mod alert;
mod latency;
mod sample;

pub use alert::{Alert, alerts};
pub use latency::{Latencies, Latency};
pub use sample::{EventConnections, KEPT, Sample, Served};

use crate::{
    Result,
    cache::{Cache, PerNamespace},
    database::Database,
    events::Events,
    services::broadcasts::Broadcasts,
};
use domain::{
    Error,
    account::{Role, Viewer},
    event::{Event, Topic},
};
use latency::{Counts, Histogram};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often a sample is taken.
const STEP: Duration = Duration::from_secs(5);

/// What a request asks for, as far as it is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    Page,
    /// A server function.
    Api,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Performance(Arc<Inner>);

struct Inner {
    database: Database,
    events: Events,
    broadcasts: Broadcasts,
    cache: Cache,
    started: Instant,
    requests: Requests,
    samples: Mutex<VecDeque<Sample>>,
}

/// Requests since the start, by how long they took.
#[derive(Default)]
struct Requests {
    pages: Histogram,
    api: Histogram,
}

impl Requests {
    const fn of(&self, kind: RequestKind) -> &Histogram {
        match kind {
            RequestKind::Page => &self.pages,
            RequestKind::Api => &self.api,
        }
    }
}

/// Everything that only grows, as it was when the last sample was taken.
struct Before {
    at: Instant,
    pages: Counts,
    api: Counts,
    cache: PerNamespace,
    cache_everywhere: Option<PerNamespace>,
}

impl Performance {
    pub(crate) fn new(database: Database, events: Events, broadcasts: Broadcasts, cache: Cache) -> Self {
        let (requests, samples) = (Requests::default(), Mutex::default());
        Self(Arc::new(Inner { database, events, broadcasts, cache, started: Instant::now(), requests, samples }))
    }

    /// Counts a request that was answered. One addition in memory.
    pub fn count(&self, kind: RequestKind, took: Duration) {
        self.0.requests.of(kind).add(took);
    }

    /// How long the requests took that this server answered since its start.
    pub fn latencies(&self, kind: RequestKind) -> Latencies {
        self.0.requests.of(kind).latencies()
    }

    /// For how long this server has been there.
    pub fn uptime(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// The samples of the last ten minutes, the oldest first; for administrators.
    pub fn samples(&self, viewer: &Viewer) -> Result<Vec<Sample>> {
        must_be_admin(viewer)?;
        Ok(self.0.samples.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect())
    }

    /// Has all servers forget what they keep, for administrators: see [`Cache::empty`].
    pub fn empty_cache(&self, viewer: &Viewer) -> Result<()> {
        must_be_admin(viewer)?;
        tracing::info!(target: "audit", user = %viewer.id, "the cache was emptied");
        self.0.cache.empty();
        Ok(())
    }

    /// Takes samples until it is stopped. `connections` counts the event connections of now.
    pub async fn run(&self, connections: impl Fn() -> EventConnections + Send, stopped: CancellationToken) {
        let mut interval = tokio::time::interval(STEP);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = self.before().await;
        loop {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = interval.tick() => {}
            }
            before = self.sample(&before, connections()).await;
        }
    }

    async fn before(&self) -> Before {
        let Inner { requests, cache, .. } = &*self.0;
        let cache_everywhere = cache.share_numbers().await;
        Before {
            at: Instant::now(),
            pages: requests.pages.counts(),
            api: requests.api.counts(),
            cache: cache.counted(),
            cache_everywhere,
        }
    }

    /// Takes a sample and tells that there is a new one. Answers what the next one begins with.
    async fn sample(&self, before: &Before, event_connections: EventConnections) -> Before {
        let now = self.before().await;
        let sample = Sample {
            took: now.at.duration_since(before.at),
            pages: Served::between(&before.pages, &now.pages),
            api: Served::between(&before.api, &now.api),
            cache: sample::since(now.cache, before.cache),
            cache_everywhere: now.cache_everywhere.zip(before.cache_everywhere).map(|(now, before)| sample::since(now, before)),
            database: self.0.database.pool(),
            event_connections,
            media: self.0.broadcasts.media_load(),
            is_bus_connected: self.0.events.is_connected(),
        };
        let mut samples = self.0.samples.lock().unwrap_or_else(PoisonError::into_inner);
        while samples.len() >= KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
        drop(samples);
        self.0.events.tell_here(&[Topic::Performance], &Event::Sampled);
        now
    }
}

fn must_be_admin(viewer: &Viewer) -> Result<()> {
    if viewer.role == Role::Admin { Ok(()) } else { Err(Error::Forbidden.into()) }
}
