//! What happens by itself: held messages come out, reactions are told.

use super::{Chat, added, sending::write_mentions, write};
use crate::{
    Result,
    repositories::chat_messages::{self, Reader},
};
use diesel_async::AsyncConnection;
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How late a held message may come out.
const RELEASE_INTERVAL: Duration = Duration::from_millis(500);
/// How often reactions are told.
const REACTION_INTERVAL: Duration = Duration::from_secs(1);

impl Chat {
    /// Follows the clock until `stopped`. One task per server runs this.
    pub async fn run(&self, stopped: CancellationToken) {
        let mut release = tokio::time::interval(RELEASE_INTERVAL);
        let mut reactions = tokio::time::interval(REACTION_INTERVAL);
        for interval in [&mut release, &mut reactions] {
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            let outcome = tokio::select! {
                () = stopped.cancelled() => return,
                _ = release.tick() => self.release_due().await,
                _ = reactions.tick() => self.tell_reactions().await,
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "a chat could not be told what is due; it is tried again");
            }
        }
    }

    /// Shows everybody what was held until now. It is the rows that say when, so a restart delays nothing for long.
    pub async fn release_due(&self) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let released = connection
            .transaction(async |connection| {
                let mut released = Vec::new();
                for id in chat_messages::release_due(connection).await? {
                    let channel = chat_messages::find_stored(connection, id).await?.map(|stored| stored.channel);
                    let message = chat_messages::find(connection, id, &Reader::of_everything()).await?;
                    // One that was removed in time is never told.
                    if let (Some(channel), Some(message)) = (channel, message) {
                        let letter = write(connection, channel, message.author.id.member(), &added(&message)).await?;
                        let news = write_mentions(connection, channel, &message).await?;
                        released.push((letter, news));
                    }
                }
                Ok::<_, crate::Error>(released)
            })
            .await?;
        drop(connection);
        for (letter, news) in released {
            self.events.send(letter);
            self.notifications.tell(news).await;
        }
        Ok(())
    }
}
