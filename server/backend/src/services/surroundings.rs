//! What stands around every page: the side bar's channels, and how much is unread.

use crate::{
    Result,
    cache::{Answer, Cache, Cached, Shelf, lifetimes::Key},
    database::Database,
    events::Events,
    repositories::{blocks, follows, notifications, side_channels},
};
use domain::{
    UserId,
    chrome::{Chrome, FOLLOWING_LENGTH, RECOMMENDED_LENGTH},
    event::{Position, Topic},
};

/// Reads for the chrome. Cheap to clone.
#[derive(Clone)]
pub struct Surroundings {
    database: Database,
    events: Events,
    /// Of readers who are not signed in.
    shelf: Shelf<Chrome>,
}

impl Surroundings {
    pub(crate) fn new(database: Database, events: Events, cache: &Cache) -> Self {
        Self { database, events, shelf: cache.shelf() }
    }

    /// What stands around a page of this reader.
    pub async fn of(&self, reader: Option<UserId>) -> Result<Chrome> {
        Ok(self.answer(reader).await?.value)
    }

    /// The same, and how old that is.
    pub async fn answer(&self, reader: Option<UserId>) -> Result<Answer<Chrome>> {
        if let Some(reader) = reader {
            return self.of_member(reader).await.map(Answer::new);
        }
        let database = self.database.clone();
        let load = move |position| {
            let database = database.clone();
            async move { of_guest(&database, position).await }
        };
        self.shelf.get(Key::Recommended, load).await
    }

    async fn of_member(&self, reader: UserId) -> Result<Chrome> {
        let position = self.events.position();
        let mut connection = self.database.connection().await?;
        let hidden = blocks::hidden_for(&mut connection, reader).await?;
        let readers = [reader];
        // One connection takes them all at once, and answers them in turn.
        let (following, n_following, unread, recommended) = tokio::try_join!(
            side_channels::followed(&connection, reader, FOLLOWING_LENGTH, &hidden),
            follows::n_followed(&connection, reader, &hidden),
            notifications::unread(&connection, &readers),
            side_channels::recommended(&connection, Some(reader), RECOMMENDED_LENGTH, &hidden),
        )?;
        let unread = unread.first().map_or(0, |(_, unread)| *unread);
        Ok(Chrome { position, following, n_following, recommended, unread })
    }
}

async fn of_guest(database: &Database, position: Position) -> Result<Chrome> {
    let connection = database.connection().await?;
    let recommended = side_channels::recommended(&connection, None, RECOMMENDED_LENGTH, &[]).await?;
    Ok(Chrome { position, recommended, ..Chrome::default() })
}

impl Cached for Chrome {
    fn topics(&self, _key: &Key) -> Vec<Topic> {
        vec![Topic::Streams]
    }

    fn position_mut(&mut self) -> &mut Position {
        &mut self.position
    }
}
