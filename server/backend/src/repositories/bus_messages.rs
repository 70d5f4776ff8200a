//! What servers leave for each other while Redis is away.

use super::ago;
use crate::schema::bus_messages;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Messages that are read at once. What is left is read the next time.
const LIMIT: i64 = 2000;

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Text)]
    message: String,
}

/// Leaves messages of one server, each with its number. Those that are there already are left as they are.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, origin: Uuid, messages: &[(u64, String)]) -> QueryResult<()> {
    let (sequences, texts): (Vec<i64>, Vec<&str>) =
        messages.iter().map(|(sequence, text)| (signed(*sequence), text.as_str())).unzip();
    let statement = "INSERT INTO bus_messages (origin, sequence, message) \
         SELECT $1, new.sequence, new.message FROM unnest($2, $3) AS new (sequence, message) ON CONFLICT DO NOTHING";
    diesel::sql_query(statement)
        .bind::<SqlUuid, _>(origin)
        .bind::<Array<BigInt>, _>(sequences)
        .bind::<Array<Text>, _>(texts)
        .execute(connection)
        .await?;
    Ok(())
}

/// What other servers left after the numbers up to which they are known, in the order of each.
///
/// A server writes its messages one batch after the other, so none becomes visible before an earlier one.
pub(crate) async fn after(connection: &mut AsyncPgConnection, own: Uuid, known: &[(Uuid, u64)]) -> QueryResult<Vec<String>> {
    let (origins, sequences): (Vec<Uuid>, Vec<i64>) = known.iter().map(|(origin, sequence)| (*origin, signed(*sequence))).unzip();
    // The servers are found one after the other in the index, and of each only what is new is read.
    let statement = "WITH RECURSIVE servers (origin) AS \
            ((SELECT origin FROM bus_messages ORDER BY origin LIMIT 1) \
             UNION ALL \
             SELECT next.origin FROM servers CROSS JOIN LATERAL \
               (SELECT origin FROM bus_messages WHERE origin > servers.origin ORDER BY origin LIMIT 1) AS next) \
         SELECT message FROM servers LEFT JOIN unnest($2, $3) AS known (origin, heard) USING (origin) CROSS JOIN LATERAL \
           (SELECT sequence, message FROM bus_messages \
            WHERE bus_messages.origin = servers.origin AND sequence > coalesce(heard, 0) ORDER BY sequence LIMIT $4) AS new \
         WHERE origin <> $1 ORDER BY origin, sequence LIMIT $4";
    let rows: Vec<Left> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(own)
        .bind::<Array<SqlUuid>, _>(origins)
        .bind::<Array<BigInt>, _>(sequences)
        .bind::<BigInt, _>(LIMIT)
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.message).collect())
}

/// What one server left after a number.
pub(crate) async fn of(connection: &mut AsyncPgConnection, origin: Uuid, after: u64) -> QueryResult<Vec<String>> {
    bus_messages::table
        .filter(bus_messages::origin.eq(origin))
        .filter(bus_messages::sequence.gt(signed(after)))
        .order(bus_messages::sequence)
        .limit(LIMIT)
        .select(bus_messages::message)
        .load(connection)
        .await
}

/// The last number of every other server that left something.
pub(crate) async fn positions(connection: &mut AsyncPgConnection, own: Uuid) -> QueryResult<Vec<(Uuid, u64)>> {
    let rows: Vec<(Uuid, Option<i64>)> = bus_messages::table
        .filter(bus_messages::origin.ne(own))
        .group_by(bus_messages::origin)
        .select((bus_messages::origin, diesel::dsl::max(bus_messages::sequence)))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(origin, last)| (origin, last.and_then(|last| u64::try_from(last).ok()).unwrap_or(0))).collect())
}

/// Removes what every server has had the time to read.
pub(crate) async fn delete_old(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::delete(bus_messages::table.filter(bus_messages::written_at.lt(ago("30 seconds")))).execute(connection).await
}

fn signed(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
