//! What was counted and seen in one step.

use super::latency::{Counts, Latency};
use crate::{cache::PerNamespace, database::PoolUse, media::MediaLoad};
use std::time::Duration;

/// Samples that are kept: ten minutes, one each five seconds.
pub const KEPT: usize = 120;

/// How this server was doing for one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    /// How long the step was.
    pub took: Duration,
    pub pages: Served,
    /// Server functions.
    pub api: Served,
    /// What this server's cache did.
    pub cache: PerNamespace,
    /// What the caches of all servers did. None while Redis cannot tell.
    pub cache_everywhere: Option<PerNamespace>,
    /// The rest is as it was at the end of the step.
    pub database: PoolUse,
    pub event_connections: EventConnections,
    pub media: MediaLoad,
    /// Whether events reach the other servers without a detour.
    pub is_bus_connected: bool,
}

/// Event connections of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventConnections {
    pub open: usize,
    /// How many there may be.
    pub most: usize,
}

/// Requests that were answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Served {
    pub n: u64,
    /// How long they took. None when there were none.
    pub latency: Option<Latency>,
}

impl Served {
    pub(super) fn between(before: &Counts, now: &Counts) -> Self {
        let mut counts = *now;
        for (count, before) in counts.iter_mut().zip(before) {
            *count = count.saturating_sub(*before);
        }
        Self { n: counts.iter().sum(), latency: Latency::of(&counts) }
    }
}

/// What was counted after `earlier`, in each namespace.
pub(super) fn since(now: PerNamespace, earlier: PerNamespace) -> PerNamespace {
    let mut counted = now;
    for (numbers, earlier) in counted.iter_mut().zip(earlier) {
        *numbers = numbers.since(earlier);
    }
    counted
}
