//! Values in Redis, for the servers that have not read them themselves.
//!
//! Their clocks differ, so a value says when it was read by the clock of Redis, which was asked before the database was. That
//! is one clock only as long as it is one Redis: another that takes over with a clock that is behind can make a value pass for
//! newer than it is, by as much.

use super::{Cached, lifetimes::Key};
use crate::{
    Error, Result,
    events::{BusSettings, redis_builder},
};
use fred::{
    cmd,
    interfaces::{ClientLike, KeysInterface},
    prelude::Client,
    types::{Expiration, Value},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a question about a value may take. It should save time.
const VALUE_TIME: Duration = Duration::from_millis(200);
/// How long adding up may take. The sample that shows the sums waits for it, and does without them after this.
const SUM_TIME: Duration = Duration::from_millis(300);
/// How long it may take to look through some of the names, or to remove some.
const SCAN_TIME: Duration = Duration::from_secs(1);
/// How many names Redis looks through at once. Meanwhile it answers nobody else.
const SCANNED: u32 = 1000;
/// How long a Redis that did not answer is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the sums of all servers are, after the installation's own name and before [`SUMS_VERSION`].
const SUMS: &str = "cache:sums:";
/// To be raised with every change of what the sums mean.
const SUMS_VERSION: u32 = 1;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Shared {
    client: Client,
    prefix: Arc<str>,
    paused_until: Arc<Mutex<Option<Instant>>>,
}

/// What Redis said.
pub(super) struct Found<T> {
    /// Its time, in microseconds since 1970: no later than anything that is done after this.
    pub(super) clock: i64,
    pub(super) value: Option<FoundValue<T>>,
}

pub(super) struct FoundValue<T> {
    pub(super) value: T,
    /// By this server's clock: reading it began at this moment or later.
    pub(super) since: Instant,
    pub(super) cost: Duration,
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    /// Microseconds since 1970 by the clock of Redis, from before it was read.
    clock: i64,
    cost_micros: u64,
    value: T,
}

impl Shared {
    pub(super) fn connect(settings: &BusSettings) -> Result<Self> {
        let client = redis_builder(settings)?.build()?;
        client.connect();
        Ok(Self { client, prefix: settings.prefix.as_str().into(), paused_until: Arc::default() })
    }

    /// Whether Redis answered when it was last asked.
    pub(super) fn is_up(&self) -> bool {
        let paused_until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        self.client.is_connected() && paused_until.is_none_or(|until| until <= Instant::now())
    }

    /// Looks for a value. None when Redis does not answer.
    pub(super) async fn get<T: Cached>(&self, key: &Key) -> Option<Found<T>> {
        let asked = Instant::now();
        let clock = self.client.custom::<(i64, i64), Value>(cmd!("TIME"), Vec::new());
        let stored = self.client.get::<Option<String>, _>(self.name(key));
        let (clock, stored) = Box::pin(self.bounded(VALUE_TIME, async { tokio::try_join!(clock, stored) })).await?;
        let clock = clock.0.saturating_mul(1_000_000).saturating_add(clock.1);
        let value = stored.and_then(|json| read(&json)).and_then(|stored: Stored<T>| {
            // From the future: the clock was set back. It is not known how old that is.
            let age = u64::try_from(clock.checked_sub(stored.clock)?).ok()?;
            let since = asked.checked_sub(Duration::from_micros(age))?;
            Some(FoundValue { value: stored.value, since, cost: Duration::from_micros(stored.cost_micros) })
        });
        Some(Found { clock, value })
    }

    /// Keeps a value for the others. `clock` is the time that Redis told before the value was read.
    pub(super) async fn put<T: Cached>(&self, key: &Key, value: T, clock: i64, cost: Duration, lifetime: Duration) {
        let cost_micros = u64::try_from(cost.as_micros()).unwrap_or(0);
        let json = match serde_json::to_string(&Stored { clock, cost_micros, value }) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(%error, "a value cannot be shared");
                return;
            }
        };
        let millis = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        if self.is_up() && millis > 0 {
            let set = self.client.set::<(), _, _>(self.name(key), json, Some(Expiration::PX(millis)), None, false);
            let _stored = self.bounded(VALUE_TIME, set).await;
        }
    }

    /// Adds to sums that all servers share, and answers all of them.
    pub(super) async fn add(&self, increments: &[(String, i64)]) -> Option<HashMap<String, i64>> {
        let name = format!("{}:{SUMS}{SUMS_VERSION}", self.prefix);
        let sums = async {
            let batch = self.client.pipeline();
            for (field, increment) in increments {
                let words: Vec<Value> = vec![name.as_str().into(), field.as_str().into(), (*increment).into()];
                let _queued: Value = batch.custom(cmd!("HINCRBY"), words).await?;
            }
            let _queued: Value = batch.custom(cmd!("HGETALL"), vec![Value::from(name.as_str())]).await?;
            batch.last().await
        };
        Box::pin(self.bounded(SUM_TIME, sums)).await
    }

    /// Removes all values, and answers how many there were. None when Redis stopped answering in between.
    pub(super) async fn empty(&self) -> Option<u64> {
        let (pattern, sums) = (format!("{}:cache:*", literal(&self.prefix)), format!("{}:{SUMS}", self.prefix));
        let (mut cursor, mut n_removed) = ("0".to_owned(), 0);
        loop {
            let words: Vec<Value> =
                vec![cursor.as_str().into(), "MATCH".into(), pattern.as_str().into(), "COUNT".into(), SCANNED.into()];
            let scan = self.client.custom::<(String, Vec<String>), Value>(cmd!("SCAN"), words);
            let (next, names) = self.bounded(SCAN_TIME, scan).await?;
            // What servers of other versions counted stays too.
            let names: Vec<Value> = names.into_iter().filter(|name| !name.starts_with(&sums)).map(Value::from).collect();
            if !names.is_empty() {
                n_removed += self.bounded(SCAN_TIME, self.client.custom::<u64, Value>(cmd!("UNLINK"), names)).await?;
            }
            if next == "0" {
                return Some(n_removed);
            }
            cursor = next;
        }
    }

    fn name(&self, key: &Key) -> String {
        format!("{}:{}", self.prefix, key.name())
    }

    /// None, and a pause, when it fails or takes too long.
    async fn bounded<T>(&self, limit: Duration, command: impl Future<Output = Result<T, fred::error::Error>>) -> Option<T> {
        let outcome = match tokio::time::timeout(limit, command).await {
            Ok(outcome) => outcome.map_err(Error::from),
            Err(_elapsed) => Err(Error::Setting("no answer in time".to_owned())),
        };
        outcome
            .inspect_err(|error| {
                tracing::debug!(%error, "Redis does not help with values");
                *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
            })
            .ok()
    }
}

/// A pattern of Redis that only this text fits.
fn literal(text: &str) -> String {
    text.chars().flat_map(|c| "*?[]^-\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

fn read<T: Cached>(json: &str) -> Option<Stored<T>> {
    serde_json::from_str(json).inspect_err(|error| tracing::warn!(%error, "a shared value is not understood")).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_no_pattern() {
        for (text, pattern) in [("learnify", "learnify"), ("a*b?[c]", "a\\*b\\?\\[c\\]"), ("^a-b\\", "\\^a\\-b\\\\")] {
            assert_eq!(super::literal(text), pattern);
        }
    }
}
