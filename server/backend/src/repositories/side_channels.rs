//! The channels in the side bar.

use super::{Prepare, category, count, ids};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{Category, PictureId, UserId, chrome::SideChannel, user::Username};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    display_name: String,
    #[diesel(sql_type = Text)]
    category: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    avatar: Option<Uuid>,
    #[diesel(sql_type = Nullable<Integer>)]
    viewers: Option<i32>,
}

fn side_channel(row: Row) -> QueryResult<SideChannel> {
    Ok(SideChannel {
        id: UserId(row.id),
        username: Username::from_stored(row.username),
        display_name: row.display_name,
        category: category(&row.category)?,
        avatar: row.avatar.map(PictureId),
        viewers: row.viewers.map(count),
    })
}

/// The channels that somebody follows: live ones first, by viewers, then the last followed.
pub(crate) async fn followed(
    mut connection: &AsyncPgConnection,
    follower: UserId,
    limit: usize,
    hidden: &[UserId],
) -> QueryResult<Vec<SideChannel>> {
    // Names are looked up last, of those that are shown.
    let statement = "WITH first AS (SELECT follows.channel_id, follows.created_at, viewers FROM follows \
             LEFT JOIN live_streams USING (channel_id) WHERE follower_id = $1 AND follows.channel_id <> ALL($2) \
             ORDER BY viewers DESC NULLS LAST, follows.created_at DESC, channel_id LIMIT $3) \
         SELECT users.id, users.username, users.display_name, channels.category, users.avatar, first.viewers \
         FROM first JOIN channels ON channels.user_id = first.channel_id JOIN users ON users.id = first.channel_id \
         ORDER BY first.viewers DESC NULLS LAST, first.created_at DESC, first.channel_id";
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(follower.0)
        .bind::<Array<SqlUuid>, _>(ids(hidden))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .prepared()
        .load(&mut connection)
        .await?;
    rows.into_iter().map(side_channel).collect()
}

/// Channels for somebody who does not know them yet: live ones first, by viewers, then those that taught last, then those
/// that will teach next. Never the reader's own, followed or hidden ones.
pub(crate) async fn recommended(
    mut connection: &AsyncPgConnection,
    reader: Option<UserId>,
    limit: usize,
    hidden: &[UserId],
) -> QueryResult<Vec<SideChannel>> {
    // Each of the three parts is read from an index and bounded before they are put together; a channel may be in several.
    // That of live streams is by category, and where it has enough the others are not read. Names are looked up last.
    let statement = "WITH excluded AS (SELECT unnest($2) AS id UNION SELECT $1 WHERE $1 IS NOT NULL \
                          UNION SELECT channel_id FROM follows WHERE follower_id = $1), \
         live AS (SELECT first.* FROM unnest($4) AS known (slug) CROSS JOIN LATERAL \
                    (SELECT channel_id, viewers, started_at FROM live_streams WHERE category = known.slug \
                        AND channel_id NOT IN (SELECT id FROM excluded) ORDER BY viewers DESC, started_at LIMIT $3) AS first \
                  ORDER BY viewers DESC, started_at LIMIT $3), \
         recent AS (SELECT channel_id, started_at FROM broadcasts WHERE (SELECT count(*) FROM live) < $3 \
                    ORDER BY started_at DESC LIMIT 300), \
         coming AS (SELECT channel_id, starts_at FROM schedule_entries WHERE (SELECT count(*) FROM live) < $3 \
                        AND cancelled_at IS NULL AND starts_at > now() ORDER BY starts_at LIMIT 100), \
         known AS (SELECT channel_id, 1 AS part, viewers, 0::double precision AS rank FROM live \
                   UNION ALL SELECT channel_id, 2, NULL, -extract(epoch FROM max(started_at)) FROM recent GROUP BY channel_id \
                   UNION ALL SELECT channel_id, 3, NULL, extract(epoch FROM min(starts_at)) FROM coming GROUP BY channel_id), \
         best AS (SELECT DISTINCT ON (channel_id) channel_id, part, viewers, rank FROM known \
                  WHERE channel_id NOT IN (SELECT id FROM excluded) ORDER BY channel_id, part), \
         first AS (SELECT * FROM best ORDER BY part, viewers DESC NULLS LAST, rank, channel_id LIMIT $3) \
         SELECT users.id, users.username, users.display_name, channels.category, users.avatar, first.viewers \
         FROM first JOIN channels ON channels.user_id = first.channel_id JOIN users ON users.id = first.channel_id \
         ORDER BY first.part, first.viewers DESC NULLS LAST, first.rank, first.channel_id";
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<Nullable<SqlUuid>, _>(reader.map(|reader| reader.0))
        .bind::<Array<SqlUuid>, _>(ids(hidden))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind::<Array<Text>, _>(Category::ALL.map(Category::slug).to_vec())
        .prepared()
        .load(&mut connection)
        .await?;
    rows.into_iter().map(side_channel).collect()
}
