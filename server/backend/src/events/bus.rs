//! The way between server processes.
//!
//! Each server numbers what it says, so that whoever hears it can tell what is new, known or missing. Redis carries it:
//! publish and subscribe, and beside it a capped stream in which a server finds what it missed. While Redis is away a
//! table in PostgreSQL carries it, a little later. A message may come both ways and is delivered once. Neither is the
//! truth: what cannot be found makes every reader take a new snapshot from the database.

pub(crate) mod channel;
mod ledger;
mod message;
mod postgres;
mod receiver;
mod reception;
mod redis;
mod sender;

use super::{delivery::Delivery, letter::Settled};
use crate::{Result, database::Database};
use domain::event::{Event, Topic};
use ledger::Ledger;
use message::Word;
use postgres::Postgres;
use receiver::Receiver;
use redis::Redis;
pub(crate) use redis::builder as redis_builder;
use secrecy::SecretString;
use sender::Outgoing;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// Messages that may wait, on the way out or in.
const QUEUE_LENGTH: usize = 10_000;
/// Events in one message at most, which keeps it at about ten kilobytes: who missed something reads the whole stream.
const TOGETHER: usize = 100;

/// How Redis is reached.
#[derive(Debug, Clone)]
pub struct BusSettings {
    /// A `redis://` or `rediss://` address.
    pub url: SecretString,
    /// Keeps installations on one Redis apart; the first part of every name there.
    pub prefix: String,
}

#[derive(Clone)]
pub(super) struct Bus {
    outgoing: Outgoing,
    redis: Option<Redis>,
    #[cfg(feature = "testing")]
    ledger: Arc<Mutex<Ledger>>,
    /// Ends the tasks with the last handle.
    _tasks: Arc<DropGuard>,
}

/// Spawns what runs for as long as the bus does.
#[derive(Clone)]
struct Tasks(CancellationToken);

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.0.clone().run_until_cancelled_owned(task));
    }
}

impl Bus {
    /// Starts to talk with the other servers on this database. `own` is the id of this server's node.
    /// Letters go to `settled` when the others can hear of them.
    pub(super) fn connect(
        own: Uuid,
        database: Database,
        settings: Option<&BusSettings>,
        delivery: Delivery,
        settled: Settled,
    ) -> Result<Self> {
        let (inputs, incoming) = mpsc::channel(QUEUE_LENGTH);
        let ledger = Arc::new(Mutex::new(Ledger::open()));
        let tasks = Tasks(CancellationToken::new());
        let redis = settings.map(|settings| Redis::connect(settings, inputs.clone(), &tasks)).transpose()?;
        let postgres = Postgres::connect(own, database, Arc::clone(&ledger), inputs, &tasks);
        let outgoing = Outgoing::start(own, redis.clone(), postgres.clone(), settled, &tasks);
        tasks.spawn(Receiver::new(own, delivery, Arc::clone(&ledger), redis.clone(), postgres).run(incoming));
        Ok(Self {
            outgoing,
            redis,
            #[cfg(feature = "testing")]
            ledger,
            _tasks: Arc::new(tasks.0.drop_guard()),
        })
    }

    pub(super) fn is_connected(&self) -> bool {
        self.redis.as_ref().is_none_or(Redis::is_up)
    }

    pub(super) fn publish(&self, topics: &[Topic], event: &Event, letter: Option<Uuid>) {
        self.outgoing.say(Word::Event { topics: topics.to_vec(), event: event.clone(), letter });
    }

    /// The same for several that belong together. What thousands hear at once would push everything else out of the stream.
    pub(super) fn publish_all(&self, events: &[(Vec<Topic>, Event)]) {
        for some in events.chunks(TOGETHER) {
            self.outgoing.say(Word::Events(some.to_vec()));
        }
    }

    #[cfg(feature = "testing")]
    pub(super) fn is_settled(&self) -> bool {
        !self.ledger.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_open()
    }
}
