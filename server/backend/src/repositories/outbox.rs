//! Events that are committed, and of which not everybody may have been told.

use crate::schema::outbox;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// A letter as it is stored: topics and event are JSON.
#[derive(Debug, QueryableByName)]
pub(crate) struct Row {
    #[diesel(sql_type = SqlUuid)]
    pub(crate) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(crate) topics: String,
    #[diesel(sql_type = Text)]
    pub(crate) event: String,
}

pub(crate) async fn insert(connection: &mut AsyncPgConnection, rows: &[Row]) -> QueryResult<()> {
    let row = |row: &Row| (outbox::id.eq(row.id), outbox::topics.eq(row.topics.clone()), outbox::event.eq(row.event.clone()));
    // Three parameters each, of 65535 in all.
    for some in rows.chunks(10_000) {
        diesel::insert_into(outbox::table).values(some.iter().map(row).collect::<Vec<_>>()).execute(connection).await?;
    }
    Ok(())
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<usize> {
    let statement = "DELETE FROM outbox WHERE id = ANY($1)";
    diesel::sql_query(statement).bind::<Array<SqlUuid>, _>(ids).execute(connection).await
}

/// Takes charge of letters that were left behind, in their order. Should this server crash too, another takes over.
pub(crate) async fn claim(connection: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<Row>> {
    // The ids are from the clocks of the servers, which differ.
    let statement = "WITH left_behind AS \
            (SELECT id, written_at FROM outbox WHERE written_at < now() - interval '3 seconds' \
             ORDER BY written_at LIMIT $1 FOR UPDATE SKIP LOCKED), \
         claimed AS (UPDATE outbox SET written_at = clock_timestamp() FROM left_behind WHERE outbox.id = left_behind.id \
                     RETURNING outbox.id, topics, event, left_behind.written_at) \
         SELECT id, topics, event FROM claimed ORDER BY written_at, id";
    diesel::sql_query(statement).bind::<BigInt, _>(limit).load(connection).await
}
