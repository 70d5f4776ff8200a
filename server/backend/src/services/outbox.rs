//! The outbox: an event is committed together with what it tells of, so that no crash in between loses it.
//!
//! A service writes its event inside the transaction and sends it after the commit, from memory. Its row goes as soon as
//! the other servers can hear of it. What stays was left behind by a server that crashed, and is told by any other.

use crate::{
    Error, Result,
    database::Database,
    events::{Events, Letter},
    repositories::outbox::{self, Row},
};
use diesel_async::AsyncPgConnection;
use domain::event::{Event, Topic};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often rows are deleted whose event is told.
const CLEAR_INTERVAL: Duration = Duration::from_millis(250);
/// How often this server looks for what was left behind.
const RELAY_INTERVAL: Duration = Duration::from_secs(1);
/// Letters that are relayed at once.
const RELAYED: i64 = 500;

/// Puts an event into the outbox, in the transaction that it belongs to.
pub(crate) async fn write(connection: &mut AsyncPgConnection, topics: &[Topic], event: Event) -> Result<Letter> {
    let letter = Letter { id: Uuid::now_v7(), topics: topics.to_vec(), event };
    outbox::insert(connection, &[row(&letter)?]).await?;
    Ok(letter)
}

/// The same for many.
pub(crate) async fn write_all(
    connection: &mut AsyncPgConnection,
    events: impl IntoIterator<Item = (Vec<Topic>, Event)>,
) -> Result<Vec<Letter>> {
    let letter = |(topics, event)| Letter { id: Uuid::now_v7(), topics, event };
    let letters: Vec<Letter> = events.into_iter().map(letter).collect();
    let rows = letters.iter().map(row).collect::<Result<Vec<Row>>>()?;
    outbox::insert(connection, &rows).await?;
    Ok(letters)
}

fn row(Letter { id, topics, event }: &Letter) -> Result<Row> {
    let json = |error: serde_json::Error| Error::Setting(format!("an event cannot be encoded: {error}"));
    let (topics, event) = (serde_json::to_string(topics).map_err(json)?, serde_json::to_string(event).map_err(json)?);
    Ok(Row { id: *id, topics, event })
}

fn letter(Row { id, topics, event }: &Row) -> Result<Letter, serde_json::Error> {
    Ok(Letter { id: *id, topics: serde_json::from_str(topics)?, event: serde_json::from_str(event)? })
}

/// The outbox of this server. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    database: Database,
    events: Events,
}

impl Outbox {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// Follows the clock until `stopped`. One task per server runs this.
    pub async fn run(&self, stopped: CancellationToken) {
        let mut clear = tokio::time::interval(CLEAR_INTERVAL);
        let mut relay = tokio::time::interval(RELAY_INTERVAL);
        for interval in [&mut clear, &mut relay] {
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let outcome = tokio::select! {
                () = stopped.cancelled() => break,
                _ = clear.tick() => self.clear().await,
                _ = relay.tick() => self.relay().await.map(|_relayed| ()),
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "the outbox could not be looked after; it is tried again");
            }
        }
        if let Err(error) = self.clear().await {
            tracing::debug!(%error, "the next start tells again what was told last");
        }
    }

    /// Deletes the rows of events that are told. Those that it cannot delete are told again, which nobody notices.
    pub async fn clear(&self) -> Result<()> {
        let settled = self.events.take_settled();
        if settled.is_empty() {
            return Ok(());
        }
        let mut connection = self.database.connection().await?;
        outbox::delete(&mut connection, &settled).await?;
        Ok(())
    }

    /// Tells what was left behind, and answers how much that was.
    pub async fn relay(&self) -> Result<usize> {
        let mut connection = self.database.connection().await?;
        let rows = outbox::claim(&mut connection, RELAYED).await?;
        let mut unreadable = Vec::new();
        for row in &rows {
            match letter(row) {
                Ok(letter) => self.events.send(letter),
                Err(error) => {
                    tracing::error!(%error, "an event in the outbox is not understood");
                    unreadable.push(row.id);
                }
            }
        }
        if !unreadable.is_empty() {
            outbox::delete(&mut connection, &unreadable).await?;
        }
        if !rows.is_empty() {
            tracing::info!(n = rows.len(), "events that were left behind are told");
        }
        Ok(rows.len())
    }
}
