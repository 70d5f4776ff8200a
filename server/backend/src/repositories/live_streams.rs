//! What is live now.

use super::{Moment, Prepare, ago, category, channels::signal, count, ids, now};
use crate::schema::{blocks, broadcasts, channels, follows, live_streams, users};
use diesel::{
    dsl::{case_when, count_star},
    prelude::*,
    sql_types::{Array, BigInt, Integer, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    BroadcastId, Category, PictureId, UserId,
    event::ViewerCount,
    stream::{CategoryRow, Live, StreamCard},
    user::Username,
};
use std::collections::HashMap;
use uuid::Uuid;

/// [`domain::stream::GRACE_SECONDS`] in PostgreSQL's words.
const GRACE: &str = "15 seconds";

type Row = (Uuid, String, String, String, String, Option<Uuid>, Option<Uuid>, Option<Uuid>, LiveRow);

/// A running broadcast, apart from the channel it belongs to.
type LiveRow = (Uuid, Moment, Option<Moment>, i32);

#[diesel::dsl::auto_type(no_type_alias)]
fn cards() -> _ {
    live_streams::table.inner_join(channels::table.inner_join(users::table)).select((
        live_streams::channel_id,
        users::username,
        users::display_name,
        channels::title,
        live_streams::category,
        users::avatar,
        channels::thumbnail,
        live_streams::preview,
        (live_streams::broadcast_id, live_streams::started_at, live_streams::interrupted_at, live_streams::viewers),
    ))
}

fn card((channel, name, display_name, title, slug, avatar, thumbnail, preview, live): Row) -> QueryResult<StreamCard> {
    let (broadcast, started_at, interrupted_at, viewers) = live;
    let live = Live {
        broadcast: BroadcastId(broadcast),
        started_at: started_at.0,
        signal: signal(interrupted_at),
        viewers: count(viewers),
    };
    Ok(StreamCard {
        channel: UserId(channel),
        username: Username::from_stored(name),
        display_name,
        title,
        category: category(&slug)?,
        avatar: avatar.map(PictureId),
        cover: thumbnail.or(preview).map(PictureId),
        live,
    })
}

/// The live streams of several channels, in no order.
pub(crate) async fn of_channels(connection: &mut AsyncPgConnection, channels: &[UserId]) -> QueryResult<Vec<StreamCard>> {
    let ids: Vec<Uuid> = channels.iter().map(|channel| channel.0).collect();
    let rows: Vec<Row> = cards().filter(live_streams::channel_id.eq_any(ids)).load(connection).await?;
    rows.into_iter().map(card).collect()
}

/// The live stream of one channel.
pub(crate) async fn find(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<StreamCard>> {
    let found: Option<Row> = cards().filter(live_streams::channel_id.eq(channel.0)).first(connection).await.optional()?;
    found.map(card).transpose()
}

/// One page of a category, most viewers first, with the number of all. Those of hidden people are neither shown nor counted.
pub(crate) async fn row(
    connection: &mut AsyncPgConnection,
    of: Category,
    limit: usize,
    offset: usize,
    hidden: &[UserId],
) -> QueryResult<CategoryRow> {
    let visible = live_streams::table.filter(live_streams::category.eq(of.slug()));
    let total: i64 = visible.filter(live_streams::channel_id.ne_all(ids(hidden))).count().get_result(connection).await?;
    Ok(CategoryRow { category: of, total: count(total), streams: page(connection, of, limit, offset, hidden).await? })
}

/// The first page of every category, with the numbers of all: counted together, since that reads everything that is live.
pub(crate) async fn rows(connection: &mut AsyncPgConnection, limit: usize, hidden: &[UserId]) -> QueryResult<Vec<CategoryRow>> {
    let totals = live_streams::table
        .filter(live_streams::channel_id.ne_all(ids(hidden)))
        .group_by(live_streams::category)
        .select((live_streams::category, count_star()));
    let totals: Vec<(String, i64)> = totals.load(connection).await?;
    let totals: HashMap<String, i64> = totals.into_iter().collect();
    let mut rows = Vec::with_capacity(Category::ALL.len());
    for of in Category::ALL {
        let total = totals.get(of.slug()).copied().unwrap_or_default();
        rows.push(CategoryRow { category: of, total: count(total), streams: page(connection, of, limit, 0, hidden).await? });
    }
    Ok(rows)
}

async fn page(
    connection: &mut AsyncPgConnection,
    of: Category,
    limit: usize,
    offset: usize,
    hidden: &[UserId],
) -> QueryResult<Vec<StreamCard>> {
    let rows: Vec<Row> = cards()
        .filter(live_streams::category.eq(of.slug()))
        .filter(live_streams::channel_id.ne_all(ids(hidden)))
        .order((live_streams::viewers.desc(), live_streams::started_at.asc(), live_streams::channel_id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .offset(i64::try_from(offset).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    rows.into_iter().map(card).collect()
}

/// Of the channels that somebody follows, those that are live, most viewers first.
pub(crate) async fn followed(
    connection: &mut AsyncPgConnection,
    follower: UserId,
    limit: usize,
    hidden: &[UserId],
) -> QueryResult<Vec<StreamCard>> {
    let theirs = follows::table.filter(follows::follower_id.eq(follower.0)).select(follows::channel_id);
    let rows: Vec<Row> = cards()
        .filter(live_streams::channel_id.eq_any(theirs))
        .filter(live_streams::channel_id.ne_all(ids(hidden)))
        .order((live_streams::viewers.desc(), live_streams::started_at.asc(), live_streams::channel_id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    rows.into_iter().map(card).collect()
}

/// Whom a block that was made a moment ago keeps from watching a stream whose media is at `node`: stream and person.
pub(crate) async fn newly_blocked(connection: &mut AsyncPgConnection, node: Uuid) -> QueryResult<Vec<(UserId, UserId)>> {
    let pairs = blocks::table
        .inner_join(
            live_streams::table
                .on(live_streams::channel_id.eq(blocks::blocker_id).or(live_streams::channel_id.eq(blocks::blocked_id))),
        )
        .filter(blocks::created_at.gt(ago("10 seconds")))
        .filter(live_streams::node_id.eq(node))
        .select((live_streams::channel_id, blocks::blocker_id, blocks::blocked_id));
    let pairs: Vec<(Uuid, Uuid, Uuid)> = pairs.load(connection).await?;
    let other = |(channel, blocker, blocked)| (UserId(channel), UserId(if channel == blocker { blocked } else { blocker }));
    Ok(pairs.into_iter().map(other).collect())
}

/// How a publisher's arrival changed the channel.
pub(crate) enum Arrival {
    /// A new broadcast began.
    Began,
    /// The running broadcast continues, now on this server.
    Returned,
}

/// Notes that media arrives at `node`: continues the running broadcast, or begins one. None when the channel is gone.
pub(crate) async fn arrive(connection: &mut AsyncPgConnection, channel: UserId, node: Uuid) -> QueryResult<Option<Arrival>> {
    let back = diesel::update(live_streams::table.find(channel.0)).set((
        live_streams::node_id.eq(node),
        live_streams::interrupted_at.eq(None::<Moment>),
        live_streams::seen_at.eq(now()),
        // Whoever watched at another server has to come here first.
        live_streams::viewers.eq(case_when(live_streams::node_id.eq(node), live_streams::viewers).otherwise(0)),
    ));
    if back.execute(connection).await? > 0 {
        return Ok(Some(Arrival::Returned));
    }
    let Some(broadcast) = super::broadcasts::insert(connection, channel).await? else { return Ok(None) };
    let slug: String = broadcasts::table.find(broadcast.0).select(broadcasts::category).first(connection).await?;
    let row = (
        live_streams::channel_id.eq(channel.0),
        live_streams::broadcast_id.eq(broadcast.0),
        live_streams::category.eq(slug),
        live_streams::node_id.eq(node),
    );
    diesel::insert_into(live_streams::table).values(row).execute(connection).await?;
    Ok(Some(Arrival::Began))
}

/// Opens the grace window. False when the stream is not live at this server, or its window is open already.
pub(crate) async fn interrupt(connection: &mut AsyncPgConnection, channel: UserId, node: Uuid) -> QueryResult<bool> {
    let here =
        live_streams::table.find(channel.0).filter(live_streams::node_id.eq(node)).filter(live_streams::interrupted_at.is_null());
    Ok(diesel::update(here).set(live_streams::interrupted_at.eq(now().nullable())).execute(connection).await? > 0)
}

/// Opens the grace window of every stream of a server that stops.
pub(crate) async fn interrupt_all(connection: &mut AsyncPgConnection, node: Uuid) -> QueryResult<Vec<UserId>> {
    let here = live_streams::table.filter(live_streams::node_id.eq(node)).filter(live_streams::interrupted_at.is_null());
    let interrupted: Vec<Uuid> = diesel::update(here)
        .set(live_streams::interrupted_at.eq(now().nullable()))
        .returning(live_streams::channel_id)
        .get_results(connection)
        .await?;
    Ok(interrupted.into_iter().map(UserId).collect())
}

/// Ends the broadcast of one channel. None when it is not live.
pub(crate) async fn end(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<Category>> {
    let ended: Option<(Uuid, String)> = diesel::delete(live_streams::table.find(channel.0))
        .returning((live_streams::broadcast_id, live_streams::category))
        .get_result(connection)
        .await
        .optional()?;
    let Some((broadcast, slug)) = ended else { return Ok(None) };
    super::broadcasts::end(connection, &[broadcast]).await?;
    category(&slug).map(Some)
}

/// Ends every broadcast whose grace window is over, and those of servers that died: they give no sign of life.
pub(crate) async fn end_overdue(connection: &mut AsyncPgConnection) -> QueryResult<Vec<(UserId, Category)>> {
    let is_overdue = live_streams::interrupted_at.lt(ago(GRACE).nullable()).or(live_streams::seen_at.lt(ago(GRACE)).nullable());
    let ended: Vec<(Uuid, Uuid, String)> = diesel::delete(live_streams::table)
        .filter(is_overdue.assume_not_null())
        .returning((live_streams::channel_id, live_streams::broadcast_id, live_streams::category))
        .get_results(connection)
        .await?;
    let broadcasts: Vec<Uuid> = ended.iter().map(|(_, broadcast, _)| *broadcast).collect();
    super::broadcasts::end(connection, &broadcasts).await?;
    ended.into_iter().map(|(channel, _, slug)| Ok((UserId(channel), category(&slug)?))).collect()
}

/// Gives a sign of life for every stream at this server.
pub(crate) async fn keep_alive(connection: &mut AsyncPgConnection, node: Uuid) -> QueryResult<()> {
    let here = live_streams::table.filter(live_streams::node_id.eq(node));
    diesel::update(here).set(live_streams::seen_at.eq(now())).execute(connection).await?;
    Ok(())
}

/// Where the media of a live stream is.
pub(crate) async fn node(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<Uuid>> {
    live_streams::table.find(channel.0).select(live_streams::node_id).first(connection).await.optional()
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = SqlUuid)]
    channel_id: Uuid,
    #[diesel(sql_type = diesel::sql_types::Text)]
    category: String,
    #[diesel(sql_type = Integer)]
    viewers: i32,
}

/// Stores the viewer counts of a server, all in one statement, and raises the peaks they pass. Answers those of streams that
/// are live at this server: what it says late of a stream that moved on does not count.
pub(crate) async fn set_viewers(
    connection: &mut AsyncPgConnection,
    node: Uuid,
    counts: &[(UserId, u32)],
) -> QueryResult<Vec<ViewerCount>> {
    let (ids, viewers): (Vec<Uuid>, Vec<i64>) = counts.iter().map(|(channel, viewers)| (channel.0, i64::from(*viewers))).unzip();
    let statement = "WITH new AS (SELECT * FROM unnest($1, $2) AS new (channel_id, viewers)), \
         counted AS (UPDATE live_streams SET viewers = new.viewers::integer FROM new \
                     WHERE live_streams.channel_id = new.channel_id AND live_streams.node_id = $3 \
                     RETURNING live_streams.channel_id, live_streams.broadcast_id, live_streams.category, live_streams.viewers), \
         peaks AS (UPDATE broadcasts SET peak_viewers = counted.viewers FROM counted \
                   WHERE broadcasts.id = counted.broadcast_id AND broadcasts.peak_viewers < counted.viewers) \
         SELECT channel_id, category, viewers FROM counted";
    let rows: Vec<Counted> = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<BigInt>, _>(viewers)
        .bind::<SqlUuid, _>(node)
        .prepared()
        .load(connection)
        .await?;
    let viewer_count = |row: Counted| {
        Ok(ViewerCount { channel: UserId(row.channel_id), category: category(&row.category)?, viewers: count(row.viewers) })
    };
    rows.into_iter().map(viewer_count).collect()
}
