//! What stands around every page: the side bar's channels, and how much is unread.

use crate::{
    Result,
    database::Database,
    events::Events,
    repositories::{blocks, follows, notifications, side_channels},
};
use domain::{
    UserId,
    chrome::{Chrome, FOLLOWING_LENGTH, RECOMMENDED_LENGTH},
};

/// Reads for the chrome. Cheap to clone.
#[derive(Clone)]
pub struct Surroundings {
    database: Database,
    events: Events,
}

impl Surroundings {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// What stands around a page of this reader.
    pub async fn of(&self, reader: Option<UserId>) -> Result<Chrome> {
        let position = self.events.position();
        let mut connection = self.database.connection().await?;
        let mut chrome = Chrome { position, ..Chrome::default() };
        let mut hidden = Vec::new();
        if let Some(reader) = reader {
            hidden = blocks::hidden_for(&mut connection, reader).await?;
            chrome.following = side_channels::followed(&mut connection, reader, FOLLOWING_LENGTH, &hidden).await?;
            chrome.n_following = follows::n_followed(&mut connection, reader, &hidden).await?;
            let unread = notifications::unread(&mut connection, &[reader]).await?;
            chrome.unread = unread.first().map_or(0, |(_, unread)| *unread);
        }
        chrome.recommended = side_channels::recommended(&mut connection, reader, RECOMMENDED_LENGTH, &hidden).await?;
        Ok(chrome)
    }
}
