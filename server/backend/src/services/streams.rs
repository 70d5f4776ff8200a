//! Live streams, as lists show them.

use crate::{
    Result,
    cache::{Answer, Cache, Cached, Shelf, lifetimes::Key},
    database::Database,
    events::Events,
    repositories::{blocks, live_streams, schedule},
};
use domain::{
    UserId,
    event::{Position, Topic},
    stream::{PAGE_LENGTH, ROW_LENGTH, StreamScope, StreamSnapshot},
};

/// Reads of what is live. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    database: Database,
    events: Events,
    shelf: Shelf<StreamSnapshot>,
}

impl Streams {
    pub(crate) fn new(database: Database, events: Events, cache: &Cache) -> Self {
        Self { database, events, shelf: cache.shelf() }
    }

    /// What a list shows to a reader.
    pub async fn snapshot(&self, scope: StreamScope, reader: Option<UserId>) -> Result<StreamSnapshot> {
        Ok(self.answer(scope, reader).await?.value)
    }

    /// The same, and how old that is. Its position is read before its data: an event in between is seen twice rather than
    /// never.
    pub async fn answer(&self, scope: StreamScope, reader: Option<UserId>) -> Result<Answer<StreamSnapshot>> {
        let scope = in_bounds(scope);
        let position = self.events.position();
        if let Some(reader) = reader {
            let hidden = {
                let mut connection = self.database.connection().await?;
                blocks::hidden_for(&mut connection, reader).await?
            };
            if !hidden.is_empty() {
                return read(&self.database, position, scope, &hidden).await.map(Answer::new);
            }
        }
        let database = self.database.clone();
        let load = move |position| {
            let database = database.clone();
            async move { read(&database, position, scope, &[]).await }
        };
        let mut answer = self.shelf.get(key(scope), load).await?;
        if reader.is_some() {
            // Who is hidden was read at this position.
            answer.value.position = answer.value.position.not_after(position);
        }
        Ok(answer)
    }
}

impl Cached for StreamSnapshot {
    fn topics(&self, key: &Key) -> Vec<Topic> {
        match key {
            Key::Category(category, _) => vec![Topic::Category(*category)],
            _ => vec![Topic::Streams],
        }
    }

    fn position_mut(&mut self) -> &mut Position {
        &mut self.position
    }
}

fn key(scope: StreamScope) -> Key {
    match scope {
        StreamScope::Home => Key::Home,
        StreamScope::Category { category, page } => Key::Category(category, page),
    }
}

fn in_bounds(scope: StreamScope) -> StreamScope {
    match scope {
        StreamScope::Home => scope,
        StreamScope::Category { category, page } => StreamScope::Category { category, page: page.clamp(1, MAX_PAGE) },
    }
}

async fn read(database: &Database, position: Position, scope: StreamScope, hidden: &[UserId]) -> Result<StreamSnapshot> {
    let mut connection = database.connection().await?;
    let (rows, upcoming) = match scope {
        StreamScope::Home => {
            let rows = live_streams::rows(&mut connection, ROW_LENGTH, hidden).await?;
            (rows, schedule::upcoming(&mut connection, None, hidden).await?)
        }
        StreamScope::Category { category, page } => {
            let page = usize::try_from(page.max(1)).unwrap_or(1);
            let row = live_streams::row(&mut connection, category, PAGE_LENGTH, (page - 1) * PAGE_LENGTH, hidden).await?;
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

/// The last page that can be asked for; what lies behind it, nobody turns to.
const MAX_PAGE: u32 = 1000;
