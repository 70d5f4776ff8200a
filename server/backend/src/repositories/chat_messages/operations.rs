//! How messages come, change and go.

use super::row::author_id;
use crate::{
    repositories::{Prepare, now},
    schema::{chat_messages, chat_pins, users},
};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Double, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    ClientId, MessageId, UserId,
    chat::{AuthorId, EDIT_SECONDS, REPEAT_SECONDS, text::folded},
};
use uuid::Uuid;

/// A message that may be stored.
#[derive(Debug)]
pub(crate) struct New<'a> {
    pub(crate) channel: UserId,
    pub(crate) client: ClientId,
    pub(crate) author: AuthorId,
    pub(crate) guest_name: Option<&'a str>,
    pub(crate) text: &'a str,
    pub(crate) reply_to: Option<MessageId>,
    /// Seconds until everybody sees it.
    pub(crate) hold: u16,
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Stores a message, with the point of the running broadcast.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, new: &New<'_>) -> QueryResult<MessageId> {
    let statement = "INSERT INTO chat_messages (channel_id, client_id, author, member_id, guest_name, text, reply_to, \
                                                visible_at, is_released, broadcast_id, offset_ms) \
         SELECT $1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), $8 = 0, live.broadcast_id, \
                greatest(0, (extract(epoch FROM now() - live.started_at) * 1000)::bigint) \
         FROM (SELECT) AS one LEFT JOIN live_streams AS live ON live.channel_id = $1 \
         RETURNING id";
    let inserted: Inserted = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(new.channel.0)
        .bind::<SqlUuid, _>(new.client.0)
        .bind::<SqlUuid, _>(new.author.uuid())
        .bind::<Nullable<SqlUuid>, _>(new.author.member().map(|member| member.0))
        .bind::<Nullable<Text>, _>(new.guest_name)
        .bind::<Text, _>(new.text)
        .bind::<Nullable<SqlUuid>, _>(new.reply_to.map(|message| message.0))
        .bind::<Double, _>(f64::from(new.hold))
        .prepared()
        .get_result(connection)
        .await?;
    Ok(MessageId(inserted.id))
}

/// The message that an author's browser sent under this name before.
pub(crate) async fn by_client(
    connection: &mut AsyncPgConnection,
    author: AuthorId,
    client: ClientId,
) -> QueryResult<Option<MessageId>> {
    let known =
        chat_messages::table.filter(chat_messages::author.eq(author.uuid())).filter(chat_messages::client_id.eq(client.0));
    let id: Option<Uuid> = known.select(chat_messages::id).first(connection).await.optional()?;
    Ok(id.map(MessageId))
}

#[derive(QueryableByName)]
struct Age {
    #[diesel(sql_type = BigInt)]
    millis: i64,
}

/// How long ago somebody wrote their last messages on any channel, in milliseconds, the newest first.
pub(crate) async fn recent(connection: &mut AsyncPgConnection, author: AuthorId, limit: usize) -> QueryResult<Vec<u64>> {
    let statement = "SELECT (extract(epoch FROM now() - sent_at) * 1000)::bigint AS millis FROM chat_messages \
         WHERE author = $1 ORDER BY id DESC LIMIT $2";
    let ages: Vec<Age> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(author.uuid())
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .prepared()
        .load(connection)
        .await?;
    Ok(ages.into_iter().map(|age| age.millis.try_into().unwrap_or(0)).collect())
}

/// How long ago somebody last wrote on a channel, in milliseconds.
pub(crate) async fn last_in_channel(
    connection: &mut AsyncPgConnection,
    author: AuthorId,
    channel: UserId,
) -> QueryResult<Option<u64>> {
    let statement = "SELECT (extract(epoch FROM now() - sent_at) * 1000)::bigint AS millis FROM chat_messages \
         WHERE author = $1 AND channel_id = $2 ORDER BY id DESC LIMIT 1";
    let ages: Vec<Age> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(author.uuid())
        .bind::<SqlUuid, _>(channel.0)
        .prepared()
        .load(connection)
        .await?;
    Ok(ages.into_iter().next().map(|age| age.millis.try_into().unwrap_or(0)))
}

/// Whether somebody wrote the same on this channel a moment ago.
pub(crate) async fn is_repeated(
    connection: &mut AsyncPgConnection,
    author: AuthorId,
    channel: UserId,
    text: &str,
) -> QueryResult<bool> {
    let earliest = diesel::dsl::sql::<diesel::sql_types::Timestamptz>(&format!("now() - interval '{REPEAT_SECONDS} seconds'"));
    let texts: Vec<String> = chat_messages::table
        .filter(chat_messages::author.eq(author.uuid()))
        .filter(chat_messages::channel_id.eq(channel.0))
        .filter(chat_messages::sent_at.gt(earliest))
        .order(chat_messages::id.desc())
        .limit(20)
        .select(chat_messages::text)
        .load(connection)
        .await?;
    let text = folded(text);
    Ok(texts.iter().any(|earlier| folded(earlier) == text))
}

/// A message as operations on it need it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) channel: UserId,
    pub(crate) author: AuthorId,
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether everybody sees it.
    pub(crate) is_released: bool,
}

/// A message that was not deleted.
pub(crate) async fn find_stored(connection: &mut AsyncPgConnection, id: MessageId) -> QueryResult<Option<Stored>> {
    type Row = (Uuid, Uuid, Option<Uuid>, Option<String>, Option<String>, String, bool);
    let found: Option<Row> = chat_messages::table
        .left_join(users::table.on(chat_messages::member_id.eq(users::id.nullable())))
        .filter(chat_messages::id.eq(id.0))
        .filter(chat_messages::deleted_at.is_null())
        .select((
            chat_messages::channel_id,
            chat_messages::author,
            chat_messages::member_id,
            users::display_name.nullable(),
            chat_messages::guest_name,
            chat_messages::text,
            chat_messages::is_released,
        ))
        .first(connection)
        .await
        .optional()?;
    Ok(found.map(|(channel, author, member, name, guest_name, text, is_released)| Stored {
        channel: UserId(channel),
        author: author_id(author, member),
        name: name.or(guest_name).unwrap_or_default(),
        text,
        is_released,
    }))
}

/// Changes the words of a message while that is still allowed. False when it no longer is.
pub(crate) async fn edit(connection: &mut AsyncPgConnection, id: MessageId, text: &str) -> QueryResult<bool> {
    let earliest = diesel::dsl::sql::<diesel::sql_types::Timestamptz>(&format!("now() - interval '{EDIT_SECONDS} seconds'"));
    let own =
        chat_messages::table.find(id.0).filter(chat_messages::deleted_at.is_null()).filter(chat_messages::sent_at.gt(earliest));
    let changes = (chat_messages::text.eq(text), chat_messages::edited_at.eq(now().nullable()));
    Ok(diesel::update(own).set(changes).execute(connection).await? > 0)
}

/// Deletes a message, and takes it down if it was pinned. False when it was deleted already.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, id: MessageId, by: Option<UserId>) -> QueryResult<bool> {
    let there = chat_messages::table.find(id.0).filter(chat_messages::deleted_at.is_null());
    let changes = (chat_messages::deleted_at.eq(now().nullable()), chat_messages::deleted_by.eq(by.map(|by| by.0)));
    let is_deleted = diesel::update(there).set(changes).execute(connection).await? > 0;
    diesel::delete(chat_pins::table.filter(chat_pins::message_id.eq(id.0))).execute(connection).await?;
    Ok(is_deleted)
}

/// Deletes everything that somebody wrote on a channel. Answers how much that was.
pub(crate) async fn clear(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    author: AuthorId,
    by: UserId,
) -> QueryResult<usize> {
    let theirs = chat_messages::table
        .filter(chat_messages::author.eq(author.uuid()))
        .filter(chat_messages::channel_id.eq(channel.0))
        .filter(chat_messages::deleted_at.is_null());
    let changes = (chat_messages::deleted_at.eq(now().nullable()), chat_messages::deleted_by.eq(Some(by.0)));
    let cleared: Vec<Uuid> = diesel::update(theirs).set(changes).returning(chat_messages::id).get_results(connection).await?;
    diesel::delete(chat_pins::table.filter(chat_pins::message_id.eq_any(&cleared))).execute(connection).await?;
    Ok(cleared.len())
}

/// Marks what was held until now as told, so that of several servers one tells it.
pub(crate) async fn release_due(connection: &mut AsyncPgConnection) -> QueryResult<Vec<MessageId>> {
    // In the words of the partial index: a parameter would hide from the planner that it fits.
    let due =
        chat_messages::table.filter(diesel::dsl::not(chat_messages::is_released)).filter(chat_messages::visible_at.le(now()));
    let mut released: Vec<Uuid> =
        diesel::update(due).set(chat_messages::is_released.eq(true)).returning(chat_messages::id).get_results(connection).await?;
    released.sort_unstable();
    Ok(released.into_iter().map(MessageId).collect())
}

/// Gives a member the experience points of a message, for at most so many messages a day.
pub(crate) async fn reward(connection: &mut AsyncPgConnection, member: UserId) -> QueryResult<bool> {
    /// Messages a day that count.
    const MOST: i64 = 50;
    let statement = "UPDATE stats SET xp = xp + 1 WHERE user_id = $1 AND $2 >= \
         (SELECT count(*) FROM (SELECT sent_at FROM chat_messages WHERE author = $1 ORDER BY id DESC LIMIT $2 + 1) AS last \
          WHERE sent_at >= date_trunc('day', now(), 'UTC'))";
    let rewarded =
        diesel::sql_query(statement).bind::<SqlUuid, _>(member.0).bind::<BigInt, _>(MOST).prepared().execute(connection).await?;
    Ok(rewarded > 0)
}
