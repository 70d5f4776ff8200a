//! Who moderates which channel. Owners need no row of their own.

use crate::schema::moderators;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::UserId;

/// Moderators that a channel may have.
pub(crate) const MOST: i64 = 100;

/// Whether a member was appointed by the owner of a channel. The owner is no moderator in this sense.
pub(crate) async fn is_moderator(connection: &mut AsyncPgConnection, channel: UserId, member: UserId) -> QueryResult<bool> {
    let pair = moderators::table.find((channel.0, member.0));
    diesel::select(diesel::dsl::exists(pair)).get_result(connection).await
}

/// How many moderate a channel.
pub(crate) async fn count(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<i64> {
    moderators::table.filter(moderators::channel_id.eq(channel.0)).count().get_result(connection).await
}

/// Appoints a moderator. False when they were one.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, channel: UserId, member: UserId) -> QueryResult<bool> {
    let row = (moderators::channel_id.eq(channel.0), moderators::member_id.eq(member.0));
    Ok(diesel::insert_into(moderators::table).values(row).on_conflict_do_nothing().execute(connection).await? > 0)
}

/// Dismisses a moderator. False when they were none.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, channel: UserId, member: UserId) -> QueryResult<bool> {
    Ok(diesel::delete(moderators::table.find((channel.0, member.0))).execute(connection).await? > 0)
}
