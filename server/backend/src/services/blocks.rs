//! Blocking people: at once both vanish for each other, in lists, events, playback and chat.

use crate::{
    Error, Result,
    broadcasts::Broadcasts,
    database::Database,
    events::Events,
    repositories::{blocks, channels, follows, moderators},
    services::outbox,
};
use diesel_async::AsyncConnection;
use domain::{
    UserId,
    account::Viewer,
    block::may_block,
    event::{Event, Topic},
};

/// Blocks. Cheap to clone.
#[derive(Clone)]
pub struct Blocks {
    database: Database,
    events: Events,
    broadcasts: Broadcasts,
}

impl Blocks {
    pub(crate) fn new(database: Database, events: Events, broadcasts: Broadcasts) -> Self {
        Self { database, events, broadcasts }
    }

    /// Hides the viewer and another person from each other. Follows and offices between them end. Doing so again changes
    /// nothing.
    pub async fn block(&self, viewer: &Viewer, person: UserId) -> Result<()> {
        may_block(viewer.id, person)?;
        let blocker = viewer.id;
        let mut connection = self.database.connection().await?;
        let (is_new, letters) = connection
            .transaction(async |connection| {
                blocks::lock_pair(connection, blocker, person).await?;
                // The same order for everybody, so that no two wait for each other.
                for channel in [blocker.min(person), blocker.max(person)] {
                    if !channels::lock(connection, channel).await? {
                        return Err(Error::Domain(domain::Error::not_found("person")));
                    }
                }
                let is_new = blocks::insert(connection, blocker, person).await?;
                let mut events = Vec::new();
                if is_new {
                    events.push((vec![Topic::Member(blocker), Topic::Member(person)], Event::BlocksChanged));
                }
                for (follower, channel) in [(blocker, person), (person, blocker)] {
                    if follows::delete(connection, follower, channel).await? {
                        let followers = follows::count(connection, channel).await?;
                        events.push((vec![Topic::Channel(channel)], Event::FollowersChanged { channel, followers }));
                    }
                    moderators::delete(connection, channel, follower).await?;
                }
                Ok((is_new, outbox::write_all(connection, events).await?))
            })
            .await?;
        drop(connection);
        if is_new {
            tracing::info!(target: "audit", user = %blocker, %person, "blocked");
        }
        self.events.send_all(letters);
        // At this server at once; at the others their own look at new blocks ends it.
        for (channel, watching) in [(blocker, person), (person, blocker)] {
            self.broadcasts.close_viewer_of(channel, watching).await;
        }
        Ok(())
    }

    /// Takes the viewer's own block back. One that the other person made stays.
    pub async fn unblock(&self, viewer: &Viewer, person: UserId) -> Result<()> {
        let mut connection = self.database.connection().await?;
        let letter = connection
            .transaction(async |connection| {
                if !blocks::delete(connection, viewer.id, person).await? {
                    return Ok(None);
                }
                let topics = [Topic::Member(viewer.id), Topic::Member(person)];
                outbox::write(connection, &topics, Event::BlocksChanged).await.map(Some)
            })
            .await?;
        drop(connection);
        if let Some(letter) = letter {
            tracing::info!(target: "audit", user = %viewer.id, %person, "unblocked");
            self.events.send(letter);
        }
        Ok(())
    }

    /// Everybody hidden from a reader. Nobody is hidden from guests.
    pub async fn hidden(&self, reader: Option<UserId>) -> Result<Vec<UserId>> {
        let Some(reader) = reader else { return Ok(Vec::new()) };
        let mut connection = self.database.connection().await?;
        Ok(blocks::hidden_for(&mut connection, reader).await?)
    }
}
