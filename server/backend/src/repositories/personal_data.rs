//! Everything that is stored about one member, as they may take it away.

use diesel::{QueryableByName, prelude::*, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::UserId;
use serde_json::{Map, Value};

/// The parts of an export: the name of the part, and the rows it is made of. `$1` is the member.
///
/// Secrets are no part of it: they are of use to somebody who takes the file away, and to nobody else.
const PARTS: &[(&str, &str)] = &[
    ("account", "SELECT id, username, email, display_name, bio, role, created_at FROM users WHERE id = $1"),
    ("experience", "SELECT xp FROM stats WHERE user_id = $1"),
    ("social_links", "SELECT network, address FROM social_links WHERE user_id = $1 ORDER BY place"),
    ("sessions", "SELECT id, browser, created_at, last_seen_at FROM sessions WHERE user_id = $1 ORDER BY created_at"),
    ("channel", "SELECT title, category, updated_at FROM channels WHERE user_id = $1"),
    ("stream_keys", "SELECT id, created_at FROM stream_keys WHERE channel_id = $1"),
    (
        "broadcasts",
        "SELECT id, title, category, started_at, ended_at, peak_viewers FROM broadcasts WHERE channel_id = $1 ORDER BY started_at",
    ),
    ("live_stream", "SELECT broadcast_id, category, viewers, started_at FROM live_streams WHERE channel_id = $1"),
    (
        "schedule",
        "SELECT id, title, category, starts_at, minutes, cancelled_at FROM schedule_entries WHERE channel_id = $1 ORDER BY starts_at",
    ),
    (
        "following",
        "SELECT users.username, follows.created_at FROM follows JOIN users ON users.id = channel_id WHERE follower_id = $1",
    ),
    (
        "followers",
        "SELECT users.username, follows.created_at FROM follows JOIN users ON users.id = follower_id WHERE channel_id = $1",
    ),
    ("ever_followed", "SELECT channel_id, created_at FROM first_follows WHERE follower_id = $1"),
    ("blocked", "SELECT users.username, blocks.created_at FROM blocks JOIN users ON users.id = blocked_id WHERE blocker_id = $1"),
    (
        "moderators",
        "SELECT users.username, moderators.created_at FROM moderators JOIN users ON users.id = member_id WHERE channel_id = $1",
    ),
    (
        "moderating",
        "SELECT users.username, moderators.created_at FROM moderators JOIN users ON users.id = channel_id WHERE member_id = $1",
    ),
    ("pictures", "SELECT id, kind, created_at FROM pictures WHERE owner_id = $1 ORDER BY created_at"),
    (
        "chat_settings",
        "SELECT is_enabled, allows_guests, followers_only, slow_seconds, held_seconds, banned_words \
         FROM chat_settings WHERE channel_id = $1",
    ),
    (
        "chat_messages",
        "SELECT id, channel_id, broadcast_id, offset_ms, text, reply_to, sent_at, edited_at, deleted_at \
         FROM chat_messages WHERE member_id = $1 ORDER BY id",
    ),
    ("chat_reactions", "SELECT message_id, emoji, created_at FROM chat_reactions WHERE member_id = $1 ORDER BY created_at"),
    ("chat_pin", "SELECT message_id, pinned_at FROM chat_pins WHERE channel_id = $1"),
    ("moderation", "SELECT channel_id, action, target, detail, created_at FROM moderation_log WHERE actor_id = $1 ORDER BY id"),
    ("notifications", "SELECT kind, words, created_at, read_at FROM notifications WHERE member_id = $1 ORDER BY id"),
    ("muted_notifications", "SELECT kind FROM notification_mutes WHERE member_id = $1"),
];

/// Columns that lead to a member and belong to no part, with the reason.
#[cfg(any(test, feature = "testing"))]
const LEFT_OUT: &[(&str, &str)] = &[
    ("blocks.blocked_id", "who is blocked is not told"),
    ("chat_messages.channel_id", "what others said"),
    ("chat_messages.deleted_by", "a note on what others said"),
    ("chat_timeouts.channel_id", "about others"),
    ("moderation_log.channel_id", "about others"),
    ("first_follows.channel_id", "a note about those who followed"),
    ("notifications.actor_id", "what others were told"),
    ("notifications.channel_id", "what others were told"),
    ("untold_notifications.actor_id", "what others are told in a moment"),
    ("untold_notifications.channel_id", "what others are told in a moment"),
];

#[derive(QueryableByName)]
struct Part {
    #[diesel(sql_type = sql_types::Text)]
    rows: String,
}

/// All parts, each a list of rows.
pub(crate) async fn export(connection: &mut AsyncPgConnection, user: UserId) -> QueryResult<Map<String, Value>> {
    let mut parts = Map::new();
    for (name, rows) in PARTS {
        let statement = format!("SELECT coalesce(json_agg(part), '[]')::text AS rows FROM ({rows}) AS part");
        let part: Part = diesel::sql_query(statement).bind::<sql_types::Uuid, _>(user.0).get_result(connection).await?;
        let rows = serde_json::from_str(&part.rows).map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        parts.insert((*name).to_owned(), rows);
    }
    Ok(parts)
}

#[cfg(any(test, feature = "testing"))]
#[derive(QueryableByName)]
struct Reference {
    #[diesel(sql_type = sql_types::Text)]
    table: String,
    #[diesel(sql_type = sql_types::Text)]
    column: String,
}

/// The columns that lead to members or channels, as the database knows them.
#[cfg(any(test, feature = "testing"))]
async fn references(connection: &mut AsyncPgConnection) -> QueryResult<Vec<Reference>> {
    diesel::sql_query(
        "SELECT c.conrelid::regclass::text AS table, a.attname::text AS column \
         FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) \
         WHERE c.contype = 'f' AND c.confrelid IN ('users'::regclass, 'channels'::regclass) ORDER BY 1, 2",
    )
    .load(connection)
    .await
}

/// Columns that lead to members and that no part of an export asks for, though nobody said why.
#[cfg(any(test, feature = "testing"))]
pub(crate) async fn forgotten(connection: &mut AsyncPgConnection) -> QueryResult<Vec<String>> {
    let is_exported = |reference: &Reference| {
        let (from, compared) = (format!(" FROM {} ", reference.table), format!("{} = $1", reference.column));
        PARTS.iter().any(|(_, rows)| rows.contains(&from) && rows.contains(&compared))
    };
    let name = |reference: Reference| format!("{}.{}", reference.table, reference.column);
    let found = references(connection).await?.into_iter().filter(|reference| !is_exported(reference)).map(name);
    Ok(found.filter(|name| LEFT_OUT.iter().all(|(column, _reason)| column != name)).collect())
}

/// The columns that still lead to a member.
#[cfg(any(test, feature = "testing"))]
pub(crate) async fn traces(connection: &mut AsyncPgConnection, user: UserId) -> QueryResult<Vec<String>> {
    let mut found = Vec::new();
    let own = Reference { table: "users".to_owned(), column: "id".to_owned() };
    for Reference { table, column } in references(connection).await?.into_iter().chain([own]) {
        let statement = format!("SELECT count(*) AS n FROM {table} WHERE {column} = $1");
        let rows: Count = diesel::sql_query(statement).bind::<sql_types::Uuid, _>(user.0).get_result(connection).await?;
        if rows.n > 0 {
            found.push(format!("{table}.{column}"));
        }
    }
    Ok(found)
}

#[cfg(any(test, feature = "testing"))]
#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = sql_types::BigInt)]
    n: i64,
}
