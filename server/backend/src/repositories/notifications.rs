//! What members are told, and which kinds they do not want.

use super::{Moment, Prepare, ago, count, ids, now};
use crate::schema::{notification_mutes, notifications};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    NotificationId, PictureId, UserId,
    notification::{MOST_UNREAD, Notification, NotificationKind},
    person::Person,
    user::Username,
};
use uuid::Uuid;

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = SqlUuid)]
    member_id: Uuid,
}

/// Tells members what they are yet untold of, without those who muted its kind, those across a block of the one who caused
/// it, and that one themselves. Answers who was told.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, untold: Uuid) -> QueryResult<Vec<UserId>> {
    let statement = "INSERT INTO notifications (member_id, kind, actor_id, channel_id, words, created_at) \
         SELECT users.id, untold.kind, actor_id, channel_id, words, written_at \
         FROM untold_notifications AS untold JOIN users ON users.id = ANY(members) \
         WHERE untold.id = $1 AND users.id IS DISTINCT FROM actor_id \
           AND NOT EXISTS (SELECT FROM notification_mutes AS muted WHERE muted.member_id = users.id AND muted.kind = untold.kind) \
           AND NOT EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) IN ((users.id, actor_id), (actor_id, users.id))) \
         RETURNING member_id";
    let told: Vec<Told> = diesel::sql_query(statement).bind::<SqlUuid, _>(untold).load(connection).await?;
    Ok(told.into_iter().map(|told| UserId(told.member_id)).collect())
}

#[derive(QueryableByName)]
struct WereTold {
    #[diesel(sql_type = Bool)]
    were_told: bool,
}

/// Whether the followers of a channel were told a short while ago that it is live, or are about to be.
pub(crate) async fn were_told_live(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<bool> {
    let statement = "SELECT EXISTS (SELECT FROM notifications WHERE actor_id = $1 AND kind = 'live' \
                                     AND created_at > now() - interval '30 minutes') \
                     OR EXISTS (SELECT FROM untold_notifications WHERE actor_id = $1 AND kind = 'live') AS were_told";
    let row: WereTold = diesel::sql_query(statement).bind::<SqlUuid, _>(channel.0).get_result(connection).await?;
    Ok(row.were_told)
}

/// How long telling many takes at most.
const TELLING: &str = "SET LOCAL statement_timeout = '60s'";

/// Tells the followers of a channel what they are yet untold of. Doing so again changes nothing.
pub(crate) async fn insert_for_followers(connection: &mut AsyncPgConnection, untold: Uuid) -> QueryResult<()> {
    // Whether it was done before is asked once and not of each follower.
    let statement = "INSERT INTO notifications (member_id, kind, actor_id, words, created_at) \
         SELECT follower_id, untold.kind, actor_id, words, written_at \
         FROM untold_notifications AS untold JOIN follows ON follows.channel_id = actor_id \
         WHERE untold.id = $1 \
           AND NOT EXISTS (SELECT FROM notification_mutes AS muted WHERE muted.member_id = follower_id AND muted.kind = untold.kind) \
           AND NOT EXISTS (SELECT FROM untold_notifications AS this JOIN notifications AS earlier \
                             ON earlier.actor_id = this.actor_id AND earlier.kind = this.kind \
                                AND earlier.created_at = this.written_at \
                           WHERE this.id = $1)";
    diesel::sql_query(TELLING).execute(connection).await?;
    diesel::sql_query(statement).bind::<SqlUuid, _>(untold).execute(connection).await.map(|_told| ())
}

/// Who was told that and has not read it, so many at most.
pub(crate) async fn told(connection: &mut AsyncPgConnection, untold: Uuid, limit: usize) -> QueryResult<Vec<UserId>> {
    let statement = "SELECT told.member_id FROM untold_notifications AS untold \
         JOIN notifications AS told ON told.actor_id = untold.actor_id AND told.kind = untold.kind \
              AND told.created_at = untold.written_at \
         WHERE untold.id = $1 AND read_at IS NULL LIMIT $2";
    let told: Vec<Told> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(untold)
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    Ok(told.into_iter().map(|told| UserId(told.member_id)).collect())
}

#[derive(QueryableByName)]
struct Unread {
    #[diesel(sql_type = SqlUuid)]
    member_id: Uuid,
    #[diesel(sql_type = BigInt)]
    unread: i64,
}

/// How many notifications a member has not read, counted up to [`MOST_UNREAD`].
pub(crate) async fn unread(mut connection: &AsyncPgConnection, member: UserId) -> QueryResult<u32> {
    let row: Unread = diesel::sql_query(count_unread_of("(SELECT $1 AS id)"))
        .bind::<SqlUuid, _>(member.0)
        .bind::<BigInt, _>(i64::from(MOST_UNREAD))
        .prepared()
        .get_result(&mut connection)
        .await?;
    Ok(count(row.unread))
}

/// The same for each of these members.
pub(crate) async fn unread_of_each(mut connection: &AsyncPgConnection, members: &[UserId]) -> QueryResult<Vec<(UserId, u32)>> {
    let rows: Vec<Unread> = diesel::sql_query(count_unread_of("unnest($1)"))
        .bind::<Array<SqlUuid>, _>(ids(members))
        .bind::<BigInt, _>(i64::from(MOST_UNREAD))
        .load(&mut connection)
        .await?;
    Ok(rows.into_iter().map(|row| (UserId(row.member_id), count(row.unread))).collect())
}

/// Those of somebody who is now across a block do not count, as they are not shown. Most members are across no block at all,
/// so that is looked up first, and once. What is looked up first is fenced off by `OFFSET 0`.
fn count_unread_of(members: &str) -> String {
    format!(
        "SELECT member.id AS member_id, \
                (SELECT count(*) FROM (SELECT FROM notifications WHERE notifications.member_id = member.id AND read_at IS NULL \
                   AND NOT (member.is_across_any AND EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) \
                            IN ((member.id, actor_id), (actor_id, member.id), (member.id, channel_id), (channel_id, member.id)))) \
                   LIMIT $2) AS counted) AS unread \
         FROM (SELECT id, EXISTS (SELECT FROM blocks WHERE blocker_id = id) OR EXISTS (SELECT FROM blocks WHERE blocked_id = id) \
                 AS is_across_any FROM {members} AS member (id) OFFSET 0) AS member"
    )
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    actor_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_username: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    actor_name: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    actor_avatar: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    channel_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    channel_username: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    channel_name: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    channel_avatar: Option<Uuid>,
    #[diesel(sql_type = Text)]
    words: String,
    #[diesel(sql_type = Timestamptz)]
    created_at: Moment,
    #[diesel(sql_type = Bool)]
    is_read: bool,
}

/// The notifications of a member, newest first, from below `before` on.
pub(crate) async fn list(
    connection: &mut AsyncPgConnection,
    member: UserId,
    before: Option<NotificationId>,
    limit: usize,
) -> QueryResult<Vec<Notification>> {
    let statement = "SELECT notifications.id, kind, words, notifications.created_at, read_at IS NOT NULL AS is_read, \
                actor_id, actor.username AS actor_username, actor.display_name AS actor_name, actor.avatar AS actor_avatar, \
                channel_id, channel.username AS channel_username, channel.display_name AS channel_name, \
                channel.avatar AS channel_avatar \
         FROM notifications LEFT JOIN users AS actor ON actor.id = actor_id LEFT JOIN users AS channel ON channel.id = channel_id \
         WHERE member_id = $1 AND ($2 IS NULL OR notifications.id < $2) \
           AND NOT EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) \
                           IN (($1, actor_id), (actor_id, $1), ($1, channel_id), (channel_id, $1))) \
         ORDER BY notifications.id DESC LIMIT $3";
    // Planned anew each time: only who knows whether there is a $2 begins there in the index.
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(member.0)
        .bind::<Nullable<SqlUuid>, _>(before.map(|id| id.0))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    rows.into_iter().map(notification).collect()
}

fn notification(row: Row) -> QueryResult<Notification> {
    let person = |id: Option<Uuid>, username: Option<String>, display_name: Option<String>, avatar: Option<Uuid>| {
        let (id, username, avatar) = (UserId(id?), Username::from_stored(username?), avatar.map(PictureId));
        Some(Person { id, username, display_name: display_name?, avatar })
    };
    Ok(Notification {
        id: NotificationId(row.id),
        kind: kind(&row.kind)?,
        actor: person(row.actor_id, row.actor_username, row.actor_name, row.actor_avatar),
        channel: person(row.channel_id, row.channel_username, row.channel_name, row.channel_avatar),
        words: row.words,
        created_at: row.created_at.0,
        is_read: row.is_read,
    })
}

/// A stored kind. The table's own check allows no other.
fn kind(slug: &str) -> QueryResult<NotificationKind> {
    slug.parse().map_err(|problem: String| diesel::result::Error::DeserializationError(problem.into()))
}

/// Notes that a member has read all of their notifications up to one. False when there was nothing unread.
pub(crate) async fn mark_read(
    connection: &mut AsyncPgConnection,
    member: UserId,
    through: Option<NotificationId>,
) -> QueryResult<bool> {
    let mut unread = diesel::update(notifications::table)
        .filter(notifications::member_id.eq(member.0))
        .filter(notifications::read_at.is_null())
        .set(notifications::read_at.eq(now().nullable()))
        .into_boxed();
    if let Some(through) = through {
        unread = unread.filter(notifications::id.le(through.0));
    }
    Ok(unread.execute(connection).await? > 0)
}

/// The kinds that a member does not want.
pub(crate) async fn muted(connection: &mut AsyncPgConnection, member: UserId) -> QueryResult<Vec<NotificationKind>> {
    let muted = notification_mutes::table.filter(notification_mutes::member_id.eq(member.0));
    let slugs: Vec<String> = muted.select(notification_mutes::kind).load(connection).await?;
    slugs.iter().map(|slug| kind(slug)).collect()
}

/// Replaces the kinds that a member does not want. Call it in a transaction.
pub(crate) async fn set_muted(connection: &mut AsyncPgConnection, member: UserId, kinds: &[NotificationKind]) -> QueryResult<()> {
    let own = notification_mutes::table.filter(notification_mutes::member_id.eq(member.0));
    diesel::delete(own).execute(connection).await?;
    if kinds.is_empty() {
        return Ok(());
    }
    let row = |kind: &NotificationKind| (notification_mutes::member_id.eq(member.0), notification_mutes::kind.eq(kind.slug()));
    let rows: Vec<_> = kinds.iter().map(row).collect();
    diesel::insert_into(notification_mutes::table).values(rows).on_conflict_do_nothing().execute(connection).await?;
    Ok(())
}

/// Removes what is older than anybody looks. Answers how many there were.
pub(crate) async fn delete_old(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::delete(notifications::table.filter(notifications::created_at.lt(ago("90 days")))).execute(connection).await
}
