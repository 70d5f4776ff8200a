//! Stream keys: what an encoder proves its right to publish with.

use crate::{
    Error, Result, broadcasts::Broadcasts, database::Database, key_ring::KeyRing, repositories::stream_keys, tokens::random_token,
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{UserId, account::Viewer};
use std::sync::Arc;
use uuid::Uuid;

/// Marks a key as ours, so that it is recognised where it should not be.
const PREFIX: &str = "live_";

/// Stream keys. Cheap to clone.
#[derive(Clone)]
pub struct StreamKeys {
    database: Database,
    key_ring: Arc<KeyRing>,
    broadcasts: Broadcasts,
}

impl StreamKeys {
    pub(crate) fn new(database: Database, key_ring: Arc<KeyRing>, broadcasts: Broadcasts) -> Self {
        Self { database, key_ring, broadcasts }
    }

    /// The viewer's key in plain text. The first look makes it.
    pub async fn reveal(&self, viewer: &Viewer) -> Result<String> {
        tracing::info!(target: "audit", user = %viewer.id, "the stream key was shown");
        self.of_channel(viewer.id).await
    }

    /// The key of a channel in plain text, made when there is none.
    pub(crate) async fn of_channel(&self, channel: UserId) -> Result<String> {
        let mut connection = self.database.connection().await?;
        if stream_keys::find(&mut connection, channel).await?.is_none() {
            self.make(&mut connection, channel).await?;
        }
        // Read back even when just made: of two first looks at once, one row wins.
        let found = stream_keys::find(&mut connection, channel).await?;
        let (id, sealed) = found.ok_or(Error::Crypto("a stream key is missing"))?;
        self.key_ring.open(&context(channel, id), &sealed)
    }

    /// Replaces the viewer's key and ends what runs, which may run on the old one.
    pub async fn rotate(&self, viewer: &Viewer) -> Result<String> {
        let mut connection = self.database.connection().await?;
        let plain = connection
            .transaction(async |connection| {
                stream_keys::delete(connection, viewer.id).await?;
                self.make(connection, viewer.id).await
            })
            .await?;
        drop(connection);
        tracing::info!(target: "audit", user = %viewer.id, "the stream key was replaced");
        self.broadcasts.stop_publisher(viewer.id).await?;
        Ok(plain)
    }

    /// The channel that a key belongs to.
    pub async fn channel(&self, key: &str) -> Result<UserId> {
        let refused = domain::Error::Unauthenticated;
        if !key.starts_with(PREFIX) || key.len() > 128 {
            return Err(refused.into());
        }
        let mut connection = self.database.connection().await?;
        let channel = stream_keys::find_channel(&mut connection, &self.key_ring.blind_index(key)).await?;
        Ok(channel.ok_or(refused)?)
    }

    async fn make(&self, connection: &mut AsyncPgConnection, channel: UserId) -> Result<String> {
        let plain = format!("{PREFIX}{}", random_token()?);
        let id = Uuid::new_v4();
        let sealed = self.key_ring.seal(&context(channel, id), &plain)?;
        stream_keys::insert(connection, channel, id, &sealed, &self.key_ring.blind_index(&plain)).await?;
        Ok(plain)
    }
}

/// Binds a sealed key to its row.
fn context(channel: UserId, id: Uuid) -> String {
    format!("stream_key|{channel}|{id}")
}
