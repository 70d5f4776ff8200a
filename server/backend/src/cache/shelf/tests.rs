//! What is given away, at whatever pace things are asked for, read and changed.

use super::{Cached, Key};
use crate::{
    cache::{Cache, Settings},
    events::Events,
};
use domain::{
    Category, UserId,
    event::{Event, Position, Topic},
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use uuid::Uuid;

const HOUR: Duration = Duration::from_hours(1);
const FOR_LONG: Settings =
    Settings { entries: 10, streams: HOUR, channel: HOUR, recommended: HOUR, sessions: HOUR, stale: HOUR, keep: HOUR };

#[tokio::test]
async fn what_many_ask_for_is_read_ahead_and_nothing_else() {
    let events = Events::local().unwrap();
    let cache = Cache::new(FOR_LONG, None, &events).unwrap();
    let shelf = cache.shelf::<Seen>();
    let n_reads = Arc::new(AtomicU64::new(0));
    let ask = async |key: Key| {
        let n_reads = Arc::clone(&n_reads);
        let load = move |position| {
            let version = n_reads.fetch_add(1, SeqCst) + 1;
            async move { Ok(Seen { position, version }) }
        };
        shelf.get(key, load).await.unwrap().value.version
    };
    let settled = || async {
        cache.refresh();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    let change = || {
        let event = Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study };
        events.publish(&[Topic::Streams], &event);
    };
    for _ in 0..20 {
        assert_eq!(ask(Key::Home).await, 1);
    }
    assert_eq!(ask(Key::Recommended).await, 2);
    settled().await;
    assert_eq!(n_reads.load(SeqCst), 2, "all of it is fresh");
    change();
    settled().await;
    assert_eq!(n_reads.load(SeqCst), 3, "one was asked for by one alone");
    assert_eq!(ask(Key::Home).await, 3, "nobody waits");
    assert_eq!(n_reads.load(SeqCst), 3);
    change();
    settled().await;
    assert_eq!(n_reads.load(SeqCst), 3, "few have asked since");
}

/// What the database held when it was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Seen {
    position: Position,
    version: u64,
}

impl Cached for Seen {
    fn topics(&self, _key: &Key) -> Vec<Topic> {
        vec![Topic::Streams]
    }

    fn position_mut(&mut self) -> &mut Position {
        &mut self.position
    }
}

/// A database with one value, and who changes and reads it, each at a pace that the test names.
struct World {
    pauses: Vec<u8>,
    n_pauses: AtomicUsize,
    stored: AtomicU64,
    /// Which version each change told of, and at which position.
    told: Mutex<Vec<(u64, u64)>>,
    n_reading: AtomicUsize,
    most_reading: AtomicUsize,
}

impl World {
    async fn pause(&self) {
        let n = self.n_pauses.fetch_add(1, SeqCst);
        for _ in 0..self.pauses[n % self.pauses.len()] {
            tokio::task::yield_now().await;
        }
    }

    async fn change(&self, events: &Events) {
        self.pause().await;
        let version = self.stored.fetch_add(1, SeqCst) + 1;
        // The commit is done, and nobody was told.
        self.pause().await;
        events.publish(&[Topic::Streams], &Event::StreamEnded { channel: UserId(Uuid::nil()), category: Category::Study });
        self.told.lock().unwrap().push((events.position().sequence, version));
    }

    async fn read(&self, position: Position) -> Seen {
        self.most_reading.fetch_max(self.n_reading.fetch_add(1, SeqCst) + 1, SeqCst);
        self.pause().await;
        let version = self.stored.load(SeqCst);
        self.pause().await;
        self.n_reading.fetch_sub(1, SeqCst);
        Seen { position, version }
    }

    /// The newest version that was told of until a position.
    fn told_until(&self, sequence: u64) -> u64 {
        let told = self.told.lock().unwrap();
        told.iter().take_while(|(at, _)| *at <= sequence).map(|(_, version)| *version).last().unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whoever reads, changes and asks at which pace: nobody is given what was before a change that they could know of,
    /// what they get says no position that it does not hold, and of those who wait one reads.
    #[test]
    fn what_is_given_away_is_no_older_than_who_asks(pauses in proptest::collection::vec(0_u8..7, 1..40), n_changes in 0_u64..12) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let world = Arc::new(World {
            pauses,
            n_pauses: AtomicUsize::new(0),
            stored: AtomicU64::new(0),
            told: Mutex::default(),
            n_reading: AtomicUsize::new(0),
            most_reading: AtomicUsize::new(0),
        });
        runtime.block_on(async {
            let events = Events::local().unwrap();
            let shelf = Cache::new(FOR_LONG, None, &events).unwrap().shelf::<Seen>();
            let mut tasks = tokio::task::JoinSet::new();
            let (changing, of) = (Arc::clone(&world), events.clone());
            tasks.spawn(async move {
                for _ in 0..n_changes {
                    changing.change(&of).await;
                }
            });
            for _ in 0..3 {
                let (world, shelf, events) = (Arc::clone(&world), shelf.clone(), events.clone());
                tasks.spawn(async move {
                    for _ in 0..6 {
                        world.pause().await;
                        let known = world.told_until(events.position().sequence);
                        let reading = Arc::clone(&world);
                        let load = move |position| {
                            let world = Arc::clone(&reading);
                            async move { Ok(world.read(position).await) }
                        };
                        let Seen { position, version } = shelf.get(Key::Home, load).await.unwrap().value;
                        assert!(version >= known, "version {version} for who knew of {known}");
                        let said = world.told_until(position.sequence);
                        assert!(version >= said, "version {version} at a position that has {said}");
                    }
                });
            }
            while let Some(ended) = tasks.join_next().await {
                ended.unwrap();
            }
        });
        // Who was overtaken four times reads alone.
        if n_changes < u64::from(super::ATTEMPTS) {
            prop_assert_eq!(world.most_reading.load(SeqCst), 1);
        }
    }
}
