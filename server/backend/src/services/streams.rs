//! Live streams, as lists show them.

use crate::{
    Result,
    database::Database,
    events::Events,
    repositories::{blocks, live_streams, schedule},
};
use domain::{
    Category, UserId,
    stream::{PAGE_LENGTH, ROW_LENGTH, StreamScope, StreamSnapshot},
};

/// Reads of what is live. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    database: Database,
    events: Events,
}

impl Streams {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// What a list shows to a reader. Its position is read before its data: an event in between is seen twice rather than
    /// never.
    pub async fn snapshot(&self, scope: StreamScope, reader: Option<UserId>) -> Result<StreamSnapshot> {
        let position = self.events.position();
        let mut connection = self.database.connection().await?;
        let hidden = match reader {
            Some(reader) => blocks::hidden_for(&mut connection, reader).await?,
            None => Vec::new(),
        };
        let (rows, upcoming) = match scope {
            StreamScope::Home => {
                let mut rows = Vec::with_capacity(Category::ALL.len());
                for category in Category::ALL {
                    rows.push(live_streams::row(&mut connection, category, ROW_LENGTH, 0, &hidden).await?);
                }
                (rows, schedule::upcoming(&mut connection, None, &hidden).await?)
            }
            StreamScope::Category { category, page } => {
                let page = usize::try_from(page.clamp(1, MAX_PAGE)).unwrap_or(1);
                let row = live_streams::row(&mut connection, category, PAGE_LENGTH, (page - 1) * PAGE_LENGTH, &hidden).await?;
                (vec![row], Vec::new())
            }
        };
        let all = rows.iter().flat_map(|row| &row.streams);
        let hero = match scope {
            StreamScope::Home => all.max_by_key(|card| (card.live.viewers, std::cmp::Reverse(card.live.started_at))).cloned(),
            StreamScope::Category { .. } => None,
        };
        Ok(StreamSnapshot { position, rows, hero, upcoming })
    }
}

/// The last page that can be asked for; what lies behind it, nobody turns to.
const MAX_PAGE: u32 = 1000;
