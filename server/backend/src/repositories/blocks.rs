//! Who blocked whom. A block hides both from each other, whoever made it.

use super::Prepare;
use crate::schema::blocks;
use diesel::{prelude::*, sql_types::BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::UserId;
use uuid::Uuid;

/// Whether either of two people blocked the other.
pub(crate) async fn exists_between(connection: &mut AsyncPgConnection, a: UserId, b: UserId) -> QueryResult<bool> {
    let pairs = blocks::table
        .filter(blocks::blocker_id.eq(a.0).and(blocks::blocked_id.eq(b.0)))
        .or_filter(blocks::blocker_id.eq(b.0).and(blocks::blocked_id.eq(a.0)));
    diesel::select(diesel::dsl::exists(pairs)).get_result(connection).await
}

/// Everybody hidden from a viewer: whom they blocked, and who blocked them.
pub(crate) async fn hidden_for(connection: &mut AsyncPgConnection, viewer: UserId) -> QueryResult<Vec<UserId>> {
    let blocked = blocks::table.filter(blocks::blocker_id.eq(viewer.0)).select(blocks::blocked_id);
    let blockers = blocks::table.filter(blocks::blocked_id.eq(viewer.0)).select(blocks::blocker_id);
    let hidden: Vec<Uuid> = blocked.union(blockers).load(connection).await?;
    Ok(hidden.into_iter().map(UserId).collect())
}

/// Adds the viewer's block of somebody. False when it was there.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, viewer: UserId, person: UserId) -> QueryResult<bool> {
    let row = (blocks::blocker_id.eq(viewer.0), blocks::blocked_id.eq(person.0));
    Ok(diesel::insert_into(blocks::table).values(row).on_conflict_do_nothing().execute(connection).await? > 0)
}

/// Removes the viewer's block of somebody. False when there was none.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, viewer: UserId, person: UserId) -> QueryResult<bool> {
    Ok(diesel::delete(blocks::table.find((viewer.0, person.0))).execute(connection).await? > 0)
}

/// Until the end of the transaction, nobody else changes what is between these two people.
///
/// Without it a follow could be added while the block that forbids it is being made.
pub(crate) async fn lock_pair(connection: &mut AsyncPgConnection, a: UserId, b: UserId) -> QueryResult<()> {
    // Whoever comes first, the same two people have the same number. Strangers may share it, and only wait a moment.
    let ((a_high, a_low), (b_high, b_low)) = (a.0.as_u64_pair(), b.0.as_u64_pair());
    let key = (a_high ^ a_low ^ b_high ^ b_low).cast_signed();
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)").bind::<BigInt, _>(key).prepared().execute(connection).await?;
    Ok(())
}
