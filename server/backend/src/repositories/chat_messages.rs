//! What is said in chats.

mod operations;
mod row;

pub(crate) use operations::{
    New, Stored, by_client, clear, delete, edit, find_stored, insert, is_repeated, last_in_channel, recent, release_due, reward,
};

use super::{Prepare, chat_reactions};
use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Bool, Nullable, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{MessageId, UserId, chat::ChatMessage};
use row::Row;
use uuid::Uuid;

/// Who reads, as far as what they see depends on it.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    /// Whose own messages are seen although they are held.
    pub(crate) author: Uuid,
    pub(crate) sees_held: bool,
    pub(crate) hidden: Vec<UserId>,
}

impl Reader {
    /// Sees everything, and has said nothing: for what is published.
    pub(crate) fn of_everything() -> Self {
        Self { author: Uuid::nil(), sees_held: true, hidden: Vec::new() }
    }

    fn hidden_ids(&self) -> Vec<Uuid> {
        self.hidden.iter().map(|hidden| hidden.0).collect()
    }
}

/// A message with what is shown around it. `$1` is the reader, `$2` whether held messages are seen, `$3` who is hidden.
const SELECT: &str = "\
    SELECT m.id, m.client_id, m.author, m.member_id, coalesce(u.display_name, m.guest_name, '') AS name, u.username, u.avatar, \
           CASE WHEN m.member_id IS NULL THEN 'guest' WHEN m.member_id = m.channel_id THEN 'streamer' \
                WHEN moderator.member_id IS NOT NULL THEN 'moderator' ELSE 'member' END AS role, \
           m.broadcast_id, m.offset_ms, m.text, m.sent_at, m.edited_at IS NOT NULL AS is_edited, \
           CASE WHEN m.visible_at > now() THEN m.visible_at END AS held_until, \
           m.reply_to, coalesce(ru.display_name, r.guest_name, '') AS reply_name, \
           CASE WHEN r.deleted_at IS NULL AND (r.visible_at <= now() OR $2 OR r.author = $1) \
                     AND (r.member_id IS NULL OR r.member_id <> ALL ($3)) THEN r.text END AS reply_text \
    FROM chat_messages AS m \
    LEFT JOIN users AS u ON u.id = m.member_id \
    LEFT JOIN moderators AS moderator ON moderator.channel_id = m.channel_id AND moderator.member_id = m.member_id \
    LEFT JOIN chat_messages AS r ON r.id = m.reply_to \
    LEFT JOIN users AS ru ON ru.id = r.member_id \
    WHERE m.deleted_at IS NULL AND (m.visible_at <= now() OR $2 OR m.author = $1) \
      AND (m.member_id IS NULL OR m.member_id <> ALL ($3)) ";

/// The last messages of a channel, or the last before one, oldest first.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    reader: &Reader,
    before: Option<MessageId>,
    limit: usize,
) -> QueryResult<Vec<ChatMessage>> {
    let statement = format!("{SELECT} AND m.channel_id = $4 AND ($5 IS NULL OR m.id < $5) ORDER BY m.id DESC LIMIT $6");
    // Planned anew each time: only who knows whether there is a $5 begins there in the index.
    let mut rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(reader.author)
        .bind::<Bool, _>(reader.sees_held)
        .bind::<Array<SqlUuid>, _>(reader.hidden_ids())
        .bind::<SqlUuid, _>(channel.0)
        .bind::<Nullable<SqlUuid>, _>(before.map(|before| before.0))
        .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(connection)
        .await?;
    rows.reverse();
    with_reactions(connection, rows, reader).await
}

/// One message, if this reader may see it.
pub(crate) async fn find(connection: &mut AsyncPgConnection, id: MessageId, reader: &Reader) -> QueryResult<Option<ChatMessage>> {
    let rows: Vec<Row> = diesel::sql_query(format!("{SELECT} AND m.id = $4"))
        .bind::<SqlUuid, _>(reader.author)
        .bind::<Bool, _>(reader.sees_held)
        .bind::<Array<SqlUuid>, _>(reader.hidden_ids())
        .bind::<SqlUuid, _>(id.0)
        .prepared()
        .load(connection)
        .await?;
    Ok(with_reactions(connection, rows, reader).await?.pop())
}

/// The message that stands above the chat of a channel.
pub(crate) async fn pinned(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    reader: &Reader,
) -> QueryResult<Option<ChatMessage>> {
    let statement = format!("{SELECT} AND m.id = (SELECT message_id FROM chat_pins WHERE channel_id = $4)");
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<SqlUuid, _>(reader.author)
        .bind::<Bool, _>(reader.sees_held)
        .bind::<Array<SqlUuid>, _>(reader.hidden_ids())
        .bind::<SqlUuid, _>(channel.0)
        .prepared()
        .load(connection)
        .await?;
    Ok(with_reactions(connection, rows, reader).await?.pop())
}

async fn with_reactions(connection: &mut AsyncPgConnection, rows: Vec<Row>, reader: &Reader) -> QueryResult<Vec<ChatMessage>> {
    let ids: Vec<Uuid> = rows.iter().map(Row::id).collect();
    let mut reactions = if ids.is_empty() { Vec::new() } else { chat_reactions::counts(connection, &ids, reader.author).await? };
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        let mut message = row.into_message()?;
        if let Some(index) = reactions.iter().position(|counts| counts.message == message.id) {
            message.reactions = reactions.swap_remove(index).reactions;
        }
        messages.push(message);
    }
    Ok(messages)
}
