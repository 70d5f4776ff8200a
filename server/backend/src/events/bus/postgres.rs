//! PostgreSQL as the way between servers while Redis is away: a small table that every server looks into.

use super::{Tasks, ledger::Ledger, message::Message, receiver::Input};
use crate::{
    Result,
    database::Database,
    repositories::{bus_messages, clock, nodes},
};
use domain::Timestamp;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use uuid::Uuid;

/// How often the table is looked into: the longest delay it adds.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How many looks lie between two that also clear away what is old.
const POLLS_PER_TIDYING: u32 = 20;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Postgres {
    own: Uuid,
    database: Database,
    has_peers: Arc<AtomicBool>,
    has_met_peers: Arc<AtomicBool>,
}

impl Postgres {
    /// Starts to look into the table. What is found goes to `inputs`.
    pub(super) fn connect(
        own: Uuid,
        database: Database,
        ledger: Arc<Mutex<Ledger>>,
        inputs: mpsc::Sender<Input>,
        tasks: &Tasks,
    ) -> Self {
        let has_peers = Arc::new(AtomicBool::new(true));
        let postgres = Self { own, database, has_peers, has_met_peers: Arc::default() };
        tasks.spawn(postgres.clone().poll(ledger, inputs));
        postgres
    }

    /// Whether other servers are alive, as far as is known.
    pub(super) fn has_peers(&self) -> bool {
        self.has_peers.load(Ordering::Relaxed)
    }

    /// Whether another server gave a sign of life since this one began.
    pub(super) fn has_met_peers(&self) -> bool {
        self.has_met_peers.load(Ordering::Relaxed)
    }

    /// Leaves messages for the other servers. Those that are there already are left as they are.
    pub(super) async fn say(&self, messages: &[(u64, String)]) -> Result<()> {
        let mut connection = self.database.connection().await?;
        Ok(bus_messages::insert(&mut connection, self.own, messages).await?)
    }

    /// What one server left after a number.
    pub(super) async fn kept(&self, origin: Uuid, after: u64) -> Result<Vec<Message>> {
        let mut connection = self.database.connection().await?;
        let found = bus_messages::of(&mut connection, origin, after).await?;
        Ok(found.iter().filter_map(|json| Message::read(json)).collect())
    }

    async fn poll(self, ledger: Arc<Mutex<Ledger>>, inputs: mpsc::Sender<Input>) {
        let mut interval = tokio::time::interval(POLL_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut begun = None;
        for n in 0_u32.. {
            interval.tick().await;
            let found = match begun {
                None => self.beginning().await,
                Some(begun) => self.look(&ledger, begun, n % POLLS_PER_TIDYING == 0).await.map(|found| (begun, found)),
            };
            let found = match found {
                Ok((moment, found)) => {
                    begun = Some(moment);
                    found
                }
                Err(error) => {
                    tracing::debug!(%error, "PostgreSQL could not be asked what other servers say");
                    continue;
                }
            };
            for input in found {
                if inputs.send(input).await.is_err() {
                    return;
                }
            }
        }
    }

    /// The moment, and where every server stands. What they said before is in the data that is read from now on.
    async fn beginning(&self) -> Result<(Timestamp, Vec<Input>)> {
        let mut connection = self.database.connection().await?;
        let now = clock(&mut connection).await?;
        Ok((now, vec![Input::Beginning(bus_messages::positions(&mut connection, self.own).await?)]))
    }

    async fn look(&self, ledger: &Mutex<Ledger>, begun: Timestamp, is_tidying: bool) -> Result<Vec<Input>> {
        let known = ledger.lock().unwrap_or_else(PoisonError::into_inner).positions();
        let mut connection = self.database.connection().await?;
        let found = bus_messages::after(&mut connection, self.own, &known).await?;
        let (has_peers, has_met_peers) = nodes::has_others(&mut connection, self.own, begun).await?;
        self.has_peers.store(has_peers, Ordering::Relaxed);
        self.has_met_peers.fetch_or(has_met_peers, Ordering::Relaxed);
        if is_tidying {
            bus_messages::delete_old(&mut connection).await?;
        }
        Ok(found.iter().filter_map(|json| Message::read(json)).map(Input::Found).collect())
    }
}
