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
    chrome::{Chrome, FOLLOWING_LENGTH, RECOMMENDED_LENGTH, SideChannel},
    event::{Position, Topic},
};
use serde::{Deserialize, Serialize};

/// Channels that are read for everybody together. Most members find enough among them that they do not know.
const CANDIDATES: usize = 50;

/// Channels for people who do not know them yet, the best first, read at `position`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Candidates {
    position: Position,
    channels: Vec<SideChannel>,
}

/// Reads for the chrome. Cheap to clone.
#[derive(Clone)]
pub struct Surroundings {
    database: Database,
    events: Events,
    shelf: Shelf<Candidates>,
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
        let position = self.events.position();
        let Answer { value: candidates, stale_for } = self.candidates().await?;
        let value = if let Some(reader) = reader {
            self.of_member(reader, position, candidates).await?
        } else {
            let Candidates { position, channels } = candidates;
            Chrome { position, recommended: channels.into_iter().take(RECOMMENDED_LENGTH).collect(), ..Chrome::default() }
        };
        Ok(Answer { value, stale_for })
    }

    async fn candidates(&self) -> Result<Answer<Candidates>> {
        let database = self.database.clone();
        let load = move |position| {
            let database = database.clone();
            async move {
                let connection = database.connection().await?;
                let channels = side_channels::recommended(&connection, None, CANDIDATES, &[]).await?;
                Ok(Candidates { position, channels })
            }
        };
        self.shelf.get(Key::Recommended, load).await
    }

    async fn of_member(&self, reader: UserId, position: Position, candidates: Candidates) -> Result<Chrome> {
        let mut connection = self.database.connection().await?;
        let hidden = blocks::hidden_for(&mut connection, reader).await?;
        let ids: Vec<UserId> = candidates.channels.iter().map(|channel| channel.id).collect();
        // One connection takes them all at once, and answers them in turn.
        let (following, n_following, unread, followed) = tokio::try_join!(
            side_channels::followed(&connection, reader, FOLLOWING_LENGTH, &hidden),
            follows::n_followed(&connection, reader, &hidden),
            notifications::unread(&connection, reader),
            follows::followed_among(&connection, reader, &ids),
        )?;
        let were_all = candidates.channels.len() < CANDIDATES;
        let is_new =
            |channel: &SideChannel| channel.id != reader && !followed.contains(&channel.id) && !hidden.contains(&channel.id);
        let mut recommended: Vec<_> = candidates.channels.into_iter().filter(is_new).take(RECOMMENDED_LENGTH).collect();
        if recommended.len() < RECOMMENDED_LENGTH && !were_all {
            recommended = side_channels::recommended(&connection, Some(reader), RECOMMENDED_LENGTH, &hidden).await?;
        }
        // Of two epochs it is that of the candidates, from which no page continues if it is over.
        Ok(Chrome { position: position.not_after(candidates.position), following, n_following, recommended, unread })
    }
}

impl Cached for Candidates {
    fn topics(&self, _key: &Key) -> Vec<Topic> {
        vec![Topic::Streams]
    }

    fn position_mut(&mut self) -> &mut Position {
        &mut self.position
    }
}
