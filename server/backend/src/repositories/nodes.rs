//! The server processes on this database, and how they reach each other.

use super::{Moment, ago, now};
use crate::schema::nodes;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::Timestamp;
use uuid::Uuid;

/// Says that this server is alive.
pub(crate) async fn upsert(connection: &mut AsyncPgConnection, id: Uuid, address: &str) -> QueryResult<()> {
    diesel::insert_into(nodes::table)
        .values((nodes::id.eq(id), nodes::address.eq(address)))
        .on_conflict(nodes::id)
        .do_update()
        .set(nodes::seen_at.eq(now()))
        .execute(connection)
        .await?;
    Ok(())
}

/// The address of a server that was alive within the last minute.
pub(crate) async fn address(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<Option<String>> {
    let alive = nodes::table.find(id).filter(nodes::seen_at.gt(ago("60 seconds")));
    alive.select(nodes::address).first(connection).await.optional()
}

/// Whether other servers were alive within the last minute, and whether any was after a moment.
pub(crate) async fn has_others(connection: &mut AsyncPgConnection, own: Uuid, after: Timestamp) -> QueryResult<(bool, bool)> {
    let others = nodes::table.filter(nodes::id.ne(own)).filter(nodes::seen_at.gt(ago("60 seconds")));
    let later = nodes::table.filter(nodes::id.ne(own)).filter(nodes::seen_at.gt(Moment(after)));
    diesel::select((diesel::dsl::exists(others), diesel::dsl::exists(later))).get_result(connection).await
}

/// Removes this server, and all that have been silent for an hour.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: Uuid) -> QueryResult<()> {
    let gone = nodes::id.eq(id).or(nodes::seen_at.lt(ago("1 hour")));
    diesel::delete(nodes::table.filter(gone)).execute(connection).await?;
    Ok(())
}
