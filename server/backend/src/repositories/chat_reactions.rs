//! Reactions to messages.

use super::{Prepare, count};
use crate::schema::chat_reactions;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    MessageId, UserId,
    chat::{Emoji, Reaction, ReactionCounts},
};
use uuid::Uuid;

/// Notes that somebody said this about a message. False when they had said so already.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    message: MessageId,
    member: UserId,
    emoji: Emoji,
) -> QueryResult<bool> {
    let row = (
        chat_reactions::message_id.eq(message.0),
        chat_reactions::member_id.eq(member.0),
        chat_reactions::emoji.eq(emoji.slug()),
    );
    Ok(diesel::insert_into(chat_reactions::table).values(row).on_conflict_do_nothing().execute(connection).await? > 0)
}

/// Takes it back. False when they had not said so.
pub(crate) async fn delete(
    connection: &mut AsyncPgConnection,
    message: MessageId,
    member: UserId,
    emoji: Emoji,
) -> QueryResult<bool> {
    let own = chat_reactions::table.find((message.0, emoji.slug(), member.0));
    Ok(diesel::delete(own).execute(connection).await? > 0)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    message_id: Uuid,
    #[diesel(sql_type = Text)]
    emoji: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Bool)]
    is_mine: bool,
}

/// The reactions to several messages, the first said first. Messages without any are left out.
pub(crate) async fn counts(
    connection: &mut AsyncPgConnection,
    messages: &[Uuid],
    reader: Uuid,
) -> QueryResult<Vec<ReactionCounts>> {
    let statement = "SELECT message_id, emoji, count(*) AS n, bool_or(member_id = $2) AS is_mine FROM chat_reactions \
         WHERE message_id = ANY ($1) GROUP BY message_id, emoji ORDER BY message_id, min(created_at), emoji";
    let rows: Vec<Row> = diesel::sql_query(statement)
        .bind::<Array<SqlUuid>, _>(messages)
        .bind::<SqlUuid, _>(reader)
        .prepared()
        .load(connection)
        .await?;
    let mut all: Vec<ReactionCounts> = Vec::new();
    for Row { message_id, emoji, n, is_mine } in rows {
        let malformed = |problem: String| diesel::result::Error::DeserializationError(problem.into());
        let reaction = Reaction { emoji: emoji.parse().map_err(malformed)?, count: count(n), is_mine };
        match all.last_mut().filter(|last| last.message.0 == message_id) {
            Some(last) => last.reactions.push(reaction),
            None => all.push(ReactionCounts { message: MessageId(message_id), reactions: vec![reaction] }),
        }
    }
    Ok(all)
}
