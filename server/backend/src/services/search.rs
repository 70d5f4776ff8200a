//! Searching channels, what is live, and past broadcasts.

use crate::{
    Error, Result,
    database::Database,
    events::Events,
    repositories::{
        blocks, live_streams,
        search::{self, Matching, Query},
    },
};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use domain::{
    account::Viewer,
    search::{Hits, MAX_PAGE, OVERVIEW_LENGTH, PAGE_LENGTH, SUGGESTIONS, SearchResults, SearchSection, SearchTerm, Suggestion},
    stream::StreamCard,
};
use uuid::Uuid;

/// Shorter terms look like everything.
const SHORTEST_LIKENESS: usize = 3;

/// Searches. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    database: Database,
    events: Events,
}

impl Search {
    pub(crate) fn new(database: Database, events: Events) -> Self {
        Self { database, events }
    }

    /// One page of one section, or the beginning of all of them. Pages are counted from 1.
    pub async fn find(
        &self,
        viewer: Option<&Viewer>,
        term: &str,
        section: Option<SearchSection>,
        page: u32,
    ) -> Result<SearchResults> {
        let term = parse(term)?;
        let position = self.events.position();
        let (length, page) = match section {
            Some(_) => (PAGE_LENGTH, page.clamp(1, MAX_PAGE)),
            None => (OVERVIEW_LENGTH, 1),
        };
        let mut connection = self.database.connection().await?;
        let hidden = hidden(&mut connection, viewer).await?;
        connection
            .transaction(async |connection| {
                search::prepare(connection).await?;
                let ask = Ask {
                    query: Query {
                        term: &term,
                        hidden: &hidden,
                        limit: i64::from(length) + 1,
                        offset: i64::from(length) * i64::from(page - 1),
                    },
                    section,
                    length: usize::try_from(length).unwrap_or(usize::MAX),
                };
                let mut results = SearchResults {
                    position,
                    live: Hits::default(),
                    channels: Hits::default(),
                    past: Hits::default(),
                    is_similar: false,
                };
                ask.fill(connection, &mut results, Matching::Words).await?;
                let is_worth_it = results.is_empty() && page == 1 && term.as_str().chars().count() >= SHORTEST_LIKENESS;
                if is_worth_it && search::prepare_likeness(connection).await? {
                    ask.fill(connection, &mut results, Matching::Likeness).await?;
                    results.is_similar = !results.is_empty();
                }
                Ok::<_, Error>(results)
            })
            .await
    }

    /// The channels that somebody may mean who has typed this much.
    pub async fn suggest(&self, viewer: Option<&Viewer>, term: &str) -> Result<Vec<Suggestion>> {
        let term = parse(term)?;
        let mut connection = self.database.connection().await?;
        let hidden = hidden(&mut connection, viewer).await?;
        let hits = connection
            .transaction(async |connection| {
                search::prepare(connection).await?;
                let query = Query { term: &term, hidden: &hidden, limit: i64::from(SUGGESTIONS), offset: 0 };
                search::channels(connection, &query, Matching::Words).await
            })
            .await?;
        let suggestion = |hit: domain::search::ChannelHit| Suggestion {
            username: hit.username,
            display_name: hit.display_name,
            avatar: hit.avatar,
            is_live: hit.signal.is_some(),
        };
        Ok(hits.into_iter().map(suggestion).collect())
    }

    /// How PostgreSQL goes about a search.
    #[cfg(any(test, feature = "testing"))]
    pub async fn plans(&self, term: &str) -> Result<Vec<String>> {
        let term = parse(term)?;
        let mut connection = self.database.connection().await?;
        connection
            .transaction(async |connection| {
                search::prepare(connection).await?;
                search::prepare_likeness(connection).await?;
                let query = Query { term: &term, hidden: &[], limit: 25, offset: 0 };
                Ok::<_, Error>(search::plans(connection, &query).await?)
            })
            .await
    }
}

/// What is asked, of which sections.
struct Ask<'a> {
    query: Query<'a>,
    section: Option<SearchSection>,
    length: usize,
}

impl Ask<'_> {
    fn is_about(&self, section: SearchSection) -> bool {
        self.section.is_none_or(|asked| asked == section)
    }

    async fn fill(&self, connection: &mut AsyncPgConnection, results: &mut SearchResults, matching: Matching) -> Result<()> {
        if self.is_about(SearchSection::Live) {
            let found = search::live(connection, &self.query, matching).await?;
            let cards = live_streams::of_channels(connection, &found).await?;
            let in_order = found.iter().filter_map(|id| cards.iter().find(|card| card.channel == *id).cloned());
            results.live = Hits::of(in_order.collect::<Vec<StreamCard>>(), self.length);
        }
        if self.is_about(SearchSection::Channels) {
            results.channels = Hits::of(search::channels(connection, &self.query, matching).await?, self.length);
        }
        if self.is_about(SearchSection::Past) && matching == Matching::Words {
            results.past = Hits::of(search::past(connection, &self.query).await?, self.length);
        }
        Ok(())
    }
}

fn parse(term: &str) -> Result<SearchTerm> {
    Ok(term.parse().map_err(|message: String| domain::Error::invalid("term", message))?)
}

/// Whom the viewer does not see. A guest sees everybody.
async fn hidden(connection: &mut AsyncPgConnection, viewer: Option<&Viewer>) -> Result<Vec<Uuid>> {
    let Some(viewer) = viewer else { return Ok(Vec::new()) };
    Ok(blocks::hidden_for(connection, viewer.id).await?.into_iter().map(|id| id.0).collect())
}
