//! Whose the pictures are, and what shows them.

use super::{Moment, now};
use crate::schema::{channels, live_streams, pictures, users};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{PictureId, UserId, picture::PictureKind};
use uuid::Uuid;

/// Notes a picture before its files are stored. One that is known already is as good as new: nobody takes it away meanwhile.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    id: PictureId,
    owner: UserId,
    kind: PictureKind,
) -> QueryResult<()> {
    let row = (pictures::id.eq(id.0), pictures::owner_id.eq(owner.0), pictures::kind.eq(kind.slug()));
    let again = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>>(
        "CASE WHEN pictures.unused_since IS NULL THEN NULL ELSE now() END",
    );
    diesel::insert_into(pictures::table)
        .values(row)
        .on_conflict(pictures::id)
        .do_update()
        .set(pictures::unused_since.eq(again))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a picture is known and still somebody's.
pub(crate) async fn is_kept(connection: &mut AsyncPgConnection, id: PictureId) -> QueryResult<bool> {
    let own = pictures::table.find(id.0).filter(pictures::owner_id.is_not_null());
    diesel::select(diesel::dsl::exists(own)).get_result(connection).await
}

/// Sets or takes away a person's picture. False when there is no such person.
pub(crate) async fn set_avatar(connection: &mut AsyncPgConnection, user: UserId, id: Option<PictureId>) -> QueryResult<bool> {
    let own = users::table.find(user.0);
    let former: Option<Option<Uuid>> = own.select(users::avatar).for_update().first(connection).await.optional()?;
    let Some(former) = former else { return Ok(false) };
    diesel::update(own).set(users::avatar.eq(id.map(|id| id.0))).execute(connection).await?;
    exchange(connection, former, id).await?;
    Ok(true)
}

/// Sets or takes away the picture that a streamer chose. False when there is no such channel.
pub(crate) async fn set_thumbnail(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    id: Option<PictureId>,
) -> QueryResult<bool> {
    let own = channels::table.find(channel.0);
    let former: Option<Option<Uuid>> = own.select(channels::thumbnail).for_update().first(connection).await.optional()?;
    let Some(former) = former else { return Ok(false) };
    diesel::update(own).set(channels::thumbnail.eq(id.map(|id| id.0))).execute(connection).await?;
    exchange(connection, former, id).await?;
    Ok(true)
}

/// One picture is shown from now on, another no longer.
async fn exchange(connection: &mut AsyncPgConnection, former: Option<Uuid>, id: Option<PictureId>) -> QueryResult<()> {
    if let Some(former) = former {
        let former = pictures::table.find(former);
        diesel::update(former).set(pictures::unused_since.eq(now().nullable())).execute(connection).await?;
    }
    if let Some(id) = id {
        let shown = pictures::table.find(id.0);
        diesel::update(shown).set(pictures::unused_since.eq(None::<Moment>)).execute(connection).await?;
    }
    Ok(())
}

/// The picture that a streamer chose.
pub(crate) async fn thumbnail(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<PictureId>> {
    let found: Option<Option<Uuid>> =
        channels::table.find(channel.0).select(channels::thumbnail).first(connection).await.optional()?;
    Ok(found.flatten().map(PictureId))
}

/// Whether a channel is live.
pub(crate) async fn is_live(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(live_streams::table.find(channel.0))).get_result(connection).await
}

#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = Bool)]
    is_to_be_told: bool,
}

/// Sets the preview of what is live. Answers whether open pages are to be told; nothing when it is not live.
///
/// It counts as unused from the start: it is kept only as long as it is shown.
pub(crate) async fn set_preview(connection: &mut AsyncPgConnection, channel: UserId, id: PictureId) -> QueryResult<Option<bool>> {
    // Every page that is told fetches the picture, so they are told far less often than it changes.
    let statement = "UPDATE live_streams SET preview = $2, preview_told_at = \
         CASE WHEN preview_told_at > now() - interval '1 minute' THEN preview_told_at ELSE now() END \
         WHERE channel_id = $1 RETURNING preview_told_at = now() AS is_to_be_told";
    let shown: Option<Shown> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(channel.0)
        .bind::<SqlUuid, _>(id.0)
        .get_result(connection)
        .await
        .optional()?;
    Ok(shown.map(|shown| shown.is_to_be_told))
}

#[derive(QueryableByName)]
struct Deleted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Forgets some of the pictures that nothing has shown for a while, or whose owner is gone.
pub(crate) async fn delete_unused(connection: &mut AsyncPgConnection, most: i64) -> QueryResult<Vec<PictureId>> {
    let statement = "DELETE FROM pictures WHERE id IN ( \
             SELECT id FROM pictures AS unused \
             WHERE (unused_since < now() - interval '15 minutes' OR owner_id IS NULL) \
               AND NOT EXISTS (SELECT FROM live_streams WHERE preview = unused.id) \
             LIMIT $1 FOR UPDATE SKIP LOCKED) \
         RETURNING id";
    let deleted: Vec<Deleted> = diesel::sql_query(statement).bind::<BigInt, _>(most).load(connection).await?;
    Ok(deleted.into_iter().map(|row| PictureId(row.id)).collect())
}
