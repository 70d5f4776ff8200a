//! What moderators did.

use super::Moment;
use crate::schema::{moderation_log, users};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    LogEntryId, UserId,
    chat::{LogEntry, ModerationAction},
};
use uuid::Uuid;

/// Adds a line. It belongs into the transaction of what it tells.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    actor: UserId,
    action: ModerationAction,
    target: Option<&str>,
    detail: &str,
) -> QueryResult<()> {
    let row = (
        moderation_log::channel_id.eq(channel.0),
        moderation_log::actor_id.eq(actor.0),
        moderation_log::action.eq(action.slug()),
        moderation_log::target.eq(target),
        moderation_log::detail.eq(detail),
    );
    diesel::insert_into(moderation_log::table).values(row).execute(connection).await?;
    Ok(())
}

/// The last lines of a channel's log, or the last before one, the newest first.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    before: Option<LogEntryId>,
    limit: usize,
) -> QueryResult<Vec<LogEntry>> {
    type Row = (Uuid, Moment, Option<String>, String, Option<String>, String);
    let mut query = moderation_log::table
        .left_join(users::table.on(moderation_log::actor_id.eq(users::id.nullable())))
        .filter(moderation_log::channel_id.eq(channel.0))
        .order(moderation_log::id.desc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((
            moderation_log::id,
            moderation_log::created_at,
            users::display_name.nullable(),
            moderation_log::action,
            moderation_log::target,
            moderation_log::detail,
        ))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(moderation_log::id.lt(before.0));
    }
    let rows: Vec<Row> = query.load(connection).await?;
    let entry = |(id, at, actor, action, target, detail): Row| {
        let malformed = |problem: String| diesel::result::Error::DeserializationError(problem.into());
        let action: ModerationAction = action.parse().map_err(malformed)?;
        Ok(LogEntry { id: LogEntryId(id), at: at.0, actor, action, target, detail })
    };
    rows.into_iter().map(entry).collect()
}
