//! What members are to be told of something that is committed.

use super::ago;
use crate::schema::untold_notifications;
use diesel::{
    QueryableByName,
    prelude::*,
    sql_types::{Array, BigInt, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{UserId, notification::NewNotification};
use uuid::Uuid;

/// Whom something is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    Members(Vec<UserId>),
    /// Everybody who follows the one who caused it.
    Followers,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Notes what is to be told, and answers the id of that.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, audience: &Audience, new: &NewNotification) -> QueryResult<Uuid> {
    let members: Option<Vec<Uuid>> = match audience {
        Audience::Members(members) => Some(members.iter().map(|member| member.0).collect()),
        Audience::Followers => None,
    };
    let statement = "INSERT INTO untold_notifications (members, kind, actor_id, channel_id, words) \
         VALUES ($1, $2, $3, $4, $5) RETURNING id";
    let row: Id = diesel::sql_query(statement)
        .bind::<Nullable<Array<SqlUuid>>, _>(members)
        .bind::<Text, _>(new.kind.slug())
        .bind::<Nullable<SqlUuid>, _>(new.actor.map(|actor| actor.0))
        .bind::<Nullable<SqlUuid>, _>(new.channel.map(|channel| channel.0))
        .bind::<Text, _>(&new.words)
        .get_result(connection)
        .await?;
    Ok(row.id)
}

#[derive(QueryableByName)]
struct Untold {
    #[diesel(sql_type = Nullable<Array<SqlUuid>>)]
    members: Option<Vec<Uuid>>,
}

/// Takes charge of telling something until the end of the transaction. None when that is done, or somebody does it.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<Audience>> {
    let statement = "SELECT members FROM untold_notifications WHERE id = $1 FOR UPDATE SKIP LOCKED";
    let row: Option<Untold> = diesel::sql_query(statement).bind::<SqlUuid, _>(id).get_result(connection).await.optional()?;
    Ok(row.map(|Untold { members }| match members {
        Some(members) => Audience::Members(members.into_iter().map(UserId).collect()),
        None => Audience::Followers,
    }))
}

/// Notes that it is told.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    let statement = "DELETE FROM untold_notifications WHERE id = $1";
    diesel::sql_query(statement).bind::<SqlUuid, _>(id).execute(connection).await.map(|_deleted| ())
}

/// What nobody told in time, the oldest first. What fails again is due again in a while.
pub(crate) async fn claim(connection: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<Uuid>> {
    let statement = "WITH due AS \
            (SELECT id, due_at FROM untold_notifications WHERE due_at < clock_timestamp() ORDER BY due_at LIMIT $1 \
             FOR UPDATE SKIP LOCKED), \
         claimed AS (UPDATE untold_notifications SET due_at = clock_timestamp() + interval '10 seconds' FROM due \
                     WHERE untold_notifications.id = due.id RETURNING due.id, due.due_at) \
         SELECT id FROM claimed ORDER BY due_at, id";
    let rows: Vec<Id> = diesel::sql_query(statement).bind::<BigInt, _>(limit).load(connection).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Removes what could not be told for so long that it is no news any more. Answers how much that was.
pub(crate) async fn delete_old(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    let old = untold_notifications::table.filter(untold_notifications::written_at.lt(ago("1 day")));
    diesel::delete(old).execute(connection).await
}
