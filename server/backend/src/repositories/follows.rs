//! Who follows which channel.

use super::{Prepare, category, count as to_count, ids};
use crate::schema::{channels, first_follows, follows, live_streams, stats, users};
use diesel::{
    prelude::*,
    sql_types::{Array, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    PictureId, UserId,
    follow::{FOLLOW_XP, OfflineChannel},
    user::Username,
};
use uuid::Uuid;

/// Whether one person follows a channel.
pub(crate) async fn is_following(connection: &mut AsyncPgConnection, follower: UserId, channel: UserId) -> QueryResult<bool> {
    let pair = follows::table.find((follower.0, channel.0));
    diesel::select(diesel::dsl::exists(pair)).get_result(connection).await
}

/// How many follow a channel.
pub(crate) async fn count(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<u32> {
    let n: i64 = follows::table.filter(follows::channel_id.eq(channel.0)).count().get_result(connection).await?;
    Ok(to_count(n))
}

/// Adds a follower. False when they follow already.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, follower: UserId, channel: UserId) -> QueryResult<bool> {
    let row = (follows::follower_id.eq(follower.0), follows::channel_id.eq(channel.0));
    Ok(diesel::insert_into(follows::table).values(row).on_conflict_do_nothing().execute(connection).await? > 0)
}

/// Removes a follower. False when they did not follow.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, follower: UserId, channel: UserId) -> QueryResult<bool> {
    Ok(diesel::delete(follows::table.find((follower.0, channel.0))).execute(connection).await? > 0)
}

/// Gives the experience points of a first follow. False when this pair was rewarded before, however long ago.
pub(crate) async fn reward_first(connection: &mut AsyncPgConnection, follower: UserId, channel: UserId) -> QueryResult<bool> {
    let row = (first_follows::follower_id.eq(follower.0), first_follows::channel_id.eq(channel.0));
    let is_first = diesel::insert_into(first_follows::table).values(row).on_conflict_do_nothing().execute(connection).await? > 0;
    if is_first {
        diesel::update(stats::table.find(follower.0)).set(stats::xp.eq(stats::xp + FOLLOW_XP)).execute(connection).await?;
    }
    Ok(is_first)
}

/// How many channels somebody follows, without those of hidden people.
pub(crate) async fn n_followed(mut connection: &AsyncPgConnection, follower: UserId, hidden: &[UserId]) -> QueryResult<u32> {
    let visible = follows::table.filter(follows::follower_id.eq(follower.0)).filter(follows::channel_id.ne_all(ids(hidden)));
    let n: i64 = visible.count().get_result(&mut connection).await?;
    Ok(to_count(n))
}

#[derive(QueryableByName)]
struct Followed {
    #[diesel(sql_type = SqlUuid)]
    channel_id: Uuid,
}

/// Which of these channels somebody follows.
pub(crate) async fn followed_among(
    mut connection: &AsyncPgConnection,
    follower: UserId,
    channels: &[UserId],
) -> QueryResult<Vec<UserId>> {
    // Compared with `ANY`, each channel that they follow would be held against all of these.
    let statement = "SELECT channel_id FROM unnest($2) AS these (channel_id) \
         WHERE EXISTS (SELECT FROM follows WHERE follower_id = $1 AND follows.channel_id = these.channel_id)";
    let found: Vec<Followed> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(follower.0)
        .bind::<Array<SqlUuid>, _>(ids(channels))
        .prepared()
        .load(&mut connection)
        .await?;
    Ok(found.into_iter().map(|found| UserId(found.channel_id)).collect())
}

type OfflineRow = (Uuid, String, String, String, String, Option<Uuid>);

/// Of the channels that somebody follows, one page of those that are not live, the last followed first, with their number.
pub(crate) async fn offline(
    connection: &mut AsyncPgConnection,
    follower: UserId,
    limit: usize,
    offset: usize,
    hidden: &[UserId],
) -> QueryResult<(Vec<OfflineChannel>, u32)> {
    let visible = || {
        follows::table
            .inner_join(channels::table.inner_join(users::table).left_join(live_streams::table))
            .filter(follows::follower_id.eq(follower.0))
            .filter(follows::channel_id.ne_all(ids(hidden)))
            .filter(live_streams::channel_id.nullable().is_null())
    };
    let n: i64 = visible().count().get_result(connection).await?;
    let rows: Vec<OfflineRow> = visible()
        .order((follows::created_at.desc(), follows::channel_id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .offset(i64::try_from(offset).unwrap_or(i64::MAX))
        .select((follows::channel_id, users::username, users::display_name, channels::title, channels::category, users::avatar))
        .load(connection)
        .await?;
    let channel = |(id, name, display_name, title, slug, avatar): OfflineRow| {
        let (username, category) = (Username::from_stored(name), category(&slug)?);
        Ok(OfflineChannel { id: UserId(id), username, display_name, title, category, avatar: avatar.map(PictureId) })
    };
    Ok((rows.into_iter().map(channel).collect::<QueryResult<_>>()?, to_count(n)))
}
