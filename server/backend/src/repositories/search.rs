//! Full-text search. What is compared, and how, is in the migration: `search_text` and `search_query`.

use super::{Moment, category};
use diesel::{
    pg::Pg,
    prelude::*,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    BroadcastId, PictureId, UserId,
    search::{ChannelHit, PastLesson, SearchTerm},
    stream::Signal,
    user::Username,
};
use uuid::Uuid;

/// What is asked.
pub(crate) struct Query<'a> {
    pub(crate) term: &'a SearchTerm,
    /// Whom the viewer does not see.
    pub(crate) hidden: &'a [Uuid],
    pub(crate) limit: i64,
    pub(crate) offset: i64,
}

/// How channels are compared with the term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// Each word of the term begins a word of the channel.
    Words,
    /// They look alike; for what was mistyped. Needs `pg_trgm`.
    Likeness,
}

impl Matching {
    const fn condition(self) -> &'static str {
        match self {
            Self::Words => "channels.search @@ search_query($1)",
            Self::Likeness => "search_text($1) <% channels.search_words",
        }
    }

    const fn rank(self) -> &'static str {
        match self {
            Self::Words => "ts_rank(channels.search, search_query($1))",
            Self::Likeness => "word_similarity(search_text($1), channels.search_words)",
        }
    }
}

/// Rows that are ranked at most. A single letter finds half of everything; nobody turns to what lies behind.
const RANKED: u32 = 2000;

/// The live streams with their channels. There are few, so each channel is fetched by its key, whatever the statistics say.
const LIVE_CHANNELS: &str = "live_streams CROSS JOIN LATERAL \
     (SELECT user_id, search, search_words FROM channels WHERE user_id = live_streams.channel_id OFFSET 0) AS channels";

/// Makes the transaction ready for searches.
pub(crate) async fn prepare(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    // No search is worth more of the database's time; whoever waits longer has already typed something else.
    diesel::sql_query("SET LOCAL statement_timeout = '1500ms'").execute(connection).await?;
    // How rare a word is decides on the way to it, so every term gets a plan of its own. It is also worked out only once then.
    diesel::sql_query("SET LOCAL plan_cache_mode = 'force_custom_plan'").execute(connection).await?;
    // Comparing words costs far more than the planner believes, so that it would rather read a whole table than an index.
    diesel::sql_query("SET LOCAL enable_seqscan = off").execute(connection).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Present {
    #[diesel(sql_type = Bool)]
    is_present: bool,
}

/// Whether likeness can be asked for, and how alike is alike from now on in this transaction.
pub(crate) async fn prepare_likeness(connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let present: Present =
        diesel::sql_query("SELECT to_regclass('channels_search_words') IS NOT NULL AS is_present").get_result(connection).await?;
    if present.is_present {
        // A letter that is wrong, missing or too many leaves about half of a word of six.
        diesel::sql_query("SET LOCAL pg_trgm.word_similarity_threshold = 0.4").execute(connection).await?;
    }
    Ok(present.is_present)
}

/// Asks one of the statements below. In all of them `$1` is the term, `$2` whom the viewer does not see, `$3` how many are
/// wanted, and `$4` after how many.
async fn answer<R>(connection: &mut AsyncPgConnection, statement: &str, query: &Query<'_>) -> QueryResult<Vec<R>>
where
    R: QueryableByName<Pg> + Send + 'static,
{
    diesel::sql_query(statement)
        .bind::<Text, _>(query.term.as_str())
        .bind::<Array<SqlUuid>, _>(query.hidden)
        .bind::<BigInt, _>(query.limit)
        .bind::<BigInt, _>(query.offset)
        .load(connection)
        .await
}

#[derive(QueryableByName)]
struct LiveRow {
    #[diesel(sql_type = SqlUuid)]
    channel_id: Uuid,
}

fn live_statement(matching: Matching) -> String {
    let (condition, rank) = (matching.condition(), matching.rank());
    format!(
        "SELECT live_streams.channel_id FROM {LIVE_CHANNELS} \
         WHERE {condition} AND live_streams.channel_id <> ALL ($2) \
         ORDER BY {rank} DESC, live_streams.viewers DESC, live_streams.channel_id LIMIT $3 OFFSET $4"
    )
}

/// Live streams, the best match first.
pub(crate) async fn live(connection: &mut AsyncPgConnection, query: &Query<'_>, matching: Matching) -> QueryResult<Vec<UserId>> {
    let rows: Vec<LiveRow> = answer(connection, &live_statement(matching), query).await?;
    Ok(rows.into_iter().map(|row| UserId(row.channel_id)).collect())
}

#[derive(QueryableByName)]
struct ChannelRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    avatar: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    is_live: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    interrupted_at: Option<Moment>,
}

/// Those that are live are looked at first, so that they are found however many others match.
fn channels_statement(matching: Matching) -> String {
    let (condition, rank) = (matching.condition(), matching.rank());
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT channels.user_id, {rank} AS rank FROM {LIVE_CHANNELS} WHERE {condition} \
             UNION \
             (SELECT channels.user_id, {rank} AS rank FROM channels WHERE {condition} LIMIT {RANKED})), \
         page AS MATERIALIZED ( \
             SELECT found.*, live_streams.channel_id IS NOT NULL AS is_live, live_streams.interrupted_at \
             FROM found LEFT JOIN live_streams ON live_streams.channel_id = found.user_id \
             WHERE found.user_id <> ALL ($2) \
             ORDER BY is_live DESC, rank DESC, user_id LIMIT $3 OFFSET $4) \
         SELECT users.id, users.username, users.display_name, channels.title, channels.category, users.avatar, \
                page.is_live, page.interrupted_at \
         FROM page JOIN channels ON channels.user_id = page.user_id JOIN users ON users.id = page.user_id \
         ORDER BY page.is_live DESC, page.rank DESC, page.user_id"
    )
}

/// Channels: those that are live first, then the best match.
pub(crate) async fn channels(
    connection: &mut AsyncPgConnection,
    query: &Query<'_>,
    matching: Matching,
) -> QueryResult<Vec<ChannelHit>> {
    let rows: Vec<ChannelRow> = answer(connection, &channels_statement(matching), query).await?;
    let hit = |row: ChannelRow| {
        Ok(ChannelHit {
            channel: UserId(row.id),
            username: Username::from_stored(row.username),
            display_name: row.display_name,
            title: row.title,
            category: category(&row.category)?,
            avatar: row.avatar.map(PictureId),
            signal: row.is_live.then_some(if row.interrupted_at.is_some() { Signal::Interrupted } else { Signal::Live }),
        })
    };
    rows.into_iter().map(hit).collect()
}

#[derive(QueryableByName)]
struct PastRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    avatar: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    started_at: Moment,
}

fn past_statement() -> String {
    format!(
        "WITH found AS MATERIALIZED ( \
             SELECT id, channel_id, started_at, ts_rank(search, search_query($1)) AS rank FROM broadcasts \
             WHERE search @@ search_query($1) AND ended_at IS NOT NULL LIMIT {RANKED}), \
         page AS MATERIALIZED ( \
             SELECT * FROM found WHERE channel_id <> ALL ($2) \
             ORDER BY rank DESC, started_at DESC, id LIMIT $3 OFFSET $4) \
         SELECT broadcasts.id, users.username, users.display_name, broadcasts.title, broadcasts.category, users.avatar, \
                broadcasts.started_at \
         FROM page JOIN broadcasts ON broadcasts.id = page.id JOIN users ON users.id = page.channel_id \
         ORDER BY page.rank DESC, page.started_at DESC, page.id"
    )
}

/// Broadcasts that are over: the best match, then the latest.
pub(crate) async fn past(connection: &mut AsyncPgConnection, query: &Query<'_>) -> QueryResult<Vec<PastLesson>> {
    let rows: Vec<PastRow> = answer(connection, &past_statement(), query).await?;
    let lesson = |row: PastRow| {
        Ok(PastLesson {
            broadcast: BroadcastId(row.id),
            username: Username::from_stored(row.username),
            display_name: row.display_name,
            title: row.title,
            category: category(&row.category)?,
            avatar: row.avatar.map(PictureId),
            started_at: row.started_at.0,
        })
    };
    rows.into_iter().map(lesson).collect()
}

#[cfg(any(test, feature = "testing"))]
#[derive(QueryableByName)]
struct PlanLine {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    line: String,
}

/// How PostgreSQL goes about each of the searches.
#[cfg(any(test, feature = "testing"))]
pub(crate) async fn plans(connection: &mut AsyncPgConnection, query: &Query<'_>) -> QueryResult<Vec<String>> {
    let statements = [
        channels_statement(Matching::Words),
        channels_statement(Matching::Likeness),
        past_statement(),
        live_statement(Matching::Words),
    ];
    let mut plans = Vec::new();
    for statement in statements {
        let lines: Vec<PlanLine> = answer(connection, &format!("EXPLAIN (ANALYZE) {statement}"), query).await?;
        plans.push(lines.into_iter().map(|line| line.line).collect::<Vec<_>>().join("\n"));
    }
    Ok(plans)
}
