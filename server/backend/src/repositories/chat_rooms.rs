//! The chats of channels: their settings, their pins, and who may do what there.

use super::{Moment, Prepare, now, users::lower};
use crate::schema::{chat_pins, chat_settings, chat_timeouts, moderators, users};
use diesel::{
    prelude::*,
    sql_types::{Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    MessageId, Timestamp, UserId,
    chat::{AuthorId, BannedWords, ChatModes, ChatSettings},
};
use uuid::Uuid;

/// A chat as it is for one person.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) settings: ChatSettings,
    pub(crate) is_moderator: bool,
    pub(crate) is_following: bool,
    /// Whether this person and the owner are hidden from each other.
    pub(crate) is_blocked: bool,
    pub(crate) timed_out_until: Option<Timestamp>,
}

#[derive(QueryableByName)]
#[expect(clippy::struct_excessive_bools, reason = "the columns of one statement")]
struct Row {
    #[diesel(sql_type = Bool)]
    is_enabled: bool,
    #[diesel(sql_type = Bool)]
    allows_guests: bool,
    #[diesel(sql_type = Bool)]
    followers_only: bool,
    #[diesel(sql_type = SmallInt)]
    slow_seconds: i16,
    #[diesel(sql_type = SmallInt)]
    held_seconds: i16,
    #[diesel(sql_type = Text)]
    banned_words: String,
    #[diesel(sql_type = Bool)]
    is_moderator: bool,
    #[diesel(sql_type = Bool)]
    is_following: bool,
    #[diesel(sql_type = Bool)]
    is_blocked: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    timed_out_until: Option<Moment>,
}

/// The chat of a channel as it is for somebody. None when there is no such channel.
pub(crate) async fn find(connection: &mut AsyncPgConnection, channel: UserId, author: AuthorId) -> QueryResult<Option<Room>> {
    let statement = "SELECT coalesce(s.is_enabled, true) AS is_enabled, coalesce(s.allows_guests, false) AS allows_guests, \
            coalesce(s.followers_only, false) AS followers_only, coalesce(s.slow_seconds, 0::smallint) AS slow_seconds, \
            coalesce(s.held_seconds, 0::smallint) AS held_seconds, coalesce(s.banned_words, '') AS banned_words, \
            EXISTS (SELECT FROM moderators WHERE channel_id = $1 AND member_id = $2) AS is_moderator, \
            EXISTS (SELECT FROM follows WHERE channel_id = $1 AND follower_id = $2) AS is_following, \
            EXISTS (SELECT FROM blocks WHERE (blocker_id, blocked_id) IN (($1, $2), ($2, $1))) AS is_blocked, \
            (SELECT until_at FROM chat_timeouts WHERE channel_id = $1 AND author = $3 AND until_at > now()) AS timed_out_until \
         FROM channels AS c LEFT JOIN chat_settings AS s ON s.channel_id = c.user_id WHERE c.user_id = $1";
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(channel.0)
        .bind::<Nullable<SqlUuid>, _>(author.member().map(|member| member.0))
        .bind::<SqlUuid, _>(author.uuid())
        .prepared()
        .load(connection)
        .await?;
    Ok(rows.into_iter().next().map(|row| Room {
        settings: settings(&row),
        is_moderator: row.is_moderator,
        is_following: row.is_following,
        is_blocked: row.is_blocked,
        timed_out_until: row.timed_out_until.map(|moment| moment.0),
    }))
}

fn settings(row: &Row) -> ChatSettings {
    let modes = ChatModes {
        is_enabled: row.is_enabled,
        allows_guests: row.allows_guests,
        followers_only: row.followers_only,
        slow_seconds: row.slow_seconds.try_into().unwrap_or(0),
        held_seconds: row.held_seconds.try_into().unwrap_or(0),
    };
    // What is stored was parsed before.
    ChatSettings { modes, banned_words: BannedWords::parse(&row.banned_words).unwrap_or_default() }
}

/// Sets everything about a chat.
pub(crate) async fn set(connection: &mut AsyncPgConnection, channel: UserId, settings: &ChatSettings) -> QueryResult<()> {
    let modes = settings.modes;
    let small = |seconds: u16| i16::try_from(seconds).unwrap_or(i16::MAX);
    let values = (
        chat_settings::is_enabled.eq(modes.is_enabled),
        chat_settings::allows_guests.eq(modes.allows_guests),
        chat_settings::followers_only.eq(modes.followers_only),
        chat_settings::slow_seconds.eq(small(modes.slow_seconds)),
        chat_settings::held_seconds.eq(small(modes.held_seconds)),
        chat_settings::banned_words.eq(settings.banned_words.to_lines()),
    );
    diesel::insert_into(chat_settings::table)
        .values((chat_settings::channel_id.eq(channel.0), values.clone()))
        .on_conflict(chat_settings::channel_id)
        .do_update()
        .set(values)
        .execute(connection)
        .await?;
    Ok(())
}

/// Sets how slow a chat is, and nothing else.
pub(crate) async fn set_slow(connection: &mut AsyncPgConnection, channel: UserId, seconds: u16) -> QueryResult<()> {
    let slow = chat_settings::slow_seconds.eq(i16::try_from(seconds).unwrap_or(i16::MAX));
    diesel::insert_into(chat_settings::table)
        .values((chat_settings::channel_id.eq(channel.0), slow))
        .on_conflict(chat_settings::channel_id)
        .do_update()
        .set(slow)
        .execute(connection)
        .await?;
    Ok(())
}

/// Pins a message instead of the one that was pinned.
pub(crate) async fn pin(connection: &mut AsyncPgConnection, channel: UserId, message: MessageId) -> QueryResult<()> {
    let values = (chat_pins::message_id.eq(message.0), chat_pins::pinned_at.eq(now()));
    diesel::insert_into(chat_pins::table)
        .values((chat_pins::channel_id.eq(channel.0), values.clone()))
        .on_conflict(chat_pins::channel_id)
        .do_update()
        .set(values)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes the pinned message down. None when there was none.
pub(crate) async fn unpin(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<MessageId>> {
    let unpinned = diesel::delete(chat_pins::table.find(channel.0)).returning(chat_pins::message_id);
    let id: Option<Uuid> = unpinned.get_result(connection).await.optional()?;
    Ok(id.map(MessageId))
}

#[derive(QueryableByName)]
struct Until {
    #[diesel(sql_type = Timestamptz)]
    until_at: Moment,
}

/// Keeps somebody from writing for so many minutes from now. Answers until when.
pub(crate) async fn time_out(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    author: AuthorId,
    minutes: u32,
) -> QueryResult<Timestamp> {
    let statement = "INSERT INTO chat_timeouts (channel_id, author, until_at) VALUES ($1, $2, now() + make_interval(mins => $3)) \
         ON CONFLICT (channel_id, author) DO UPDATE SET until_at = excluded.until_at RETURNING until_at";
    let until: Until = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(channel.0)
        .bind::<SqlUuid, _>(author.uuid())
        .bind::<Integer, _>(i32::try_from(minutes).unwrap_or(i32::MAX))
        .prepared()
        .get_result(connection)
        .await?;
    Ok(until.until_at.0)
}

/// Lets somebody write again. False when they might already.
pub(crate) async fn end_time_out(connection: &mut AsyncPgConnection, channel: UserId, author: AuthorId) -> QueryResult<bool> {
    let theirs = chat_timeouts::table.find((channel.0, author.uuid()));
    Ok(diesel::delete(theirs).execute(connection).await? > 0)
}

/// Removes time-outs that are over.
pub(crate) async fn forget_time_outs(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    diesel::delete(chat_timeouts::table.filter(chat_timeouts::until_at.lt(now()))).execute(connection).await
}

/// Everybody who keeps order on a channel: its owner and the moderators.
pub(crate) async fn moderators(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Vec<UserId>> {
    let appointed = moderators::table.filter(moderators::channel_id.eq(channel.0)).select(moderators::member_id);
    let appointed: Vec<Uuid> = appointed.load(connection).await?;
    Ok(std::iter::once(channel).chain(appointed.into_iter().map(UserId)).collect())
}

/// Until the end of the transaction, the same person writes nothing else, whichever server they ask.
pub(crate) async fn lock_author(connection: &mut AsyncPgConnection, author: AuthorId) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(format!("chat|{author}"))
        .prepared()
        .execute(connection)
        .await?;
    Ok(())
}

/// What somebody is called in the moderation log.
pub(crate) async fn name_of(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    author: AuthorId,
) -> QueryResult<Option<String>> {
    use crate::schema::chat_messages;
    match author {
        AuthorId::Member(member) => users::table.find(member.0).select(users::display_name).first(connection).await.optional(),
        AuthorId::Guest(guest) => {
            let last = chat_messages::table
                .filter(chat_messages::author.eq(guest.0))
                .filter(chat_messages::channel_id.eq(channel.0))
                .order(chat_messages::id.desc());
            let name: Option<Option<String>> = last.select(chat_messages::guest_name).first(connection).await.optional()?;
            Ok(name.flatten())
        }
    }
}

/// The members with these usernames, which are in lower case, without those across a block of the channel's owner.
pub(crate) async fn members_of(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    names: &[String],
) -> QueryResult<Vec<UserId>> {
    let hidden: Vec<Uuid> = super::blocks::hidden_for(connection, channel).await?.into_iter().map(|hidden| hidden.0).collect();
    let mentioned = users::table.filter(lower(users::username).eq_any(names)).filter(users::id.ne_all(hidden));
    let ids: Vec<Uuid> = mentioned.select(users::id).load(connection).await?;
    Ok(ids.into_iter().map(UserId).collect())
}
