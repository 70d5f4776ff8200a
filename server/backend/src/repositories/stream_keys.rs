//! Stream keys, sealed.

use crate::schema::stream_keys;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::UserId;
use uuid::Uuid;

/// The row's own id and the sealed key.
pub(crate) async fn find(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<(Uuid, String)>> {
    stream_keys::table.find(channel.0).select((stream_keys::id, stream_keys::sealed)).first(connection).await.optional()
}

/// The channel whose key has this index.
pub(crate) async fn find_channel(connection: &mut AsyncPgConnection, blind_index: &[u8]) -> QueryResult<Option<UserId>> {
    let by_index = stream_keys::table.filter(stream_keys::blind_index.eq(blind_index));
    let channel: Option<Uuid> = by_index.select(stream_keys::channel_id).first(connection).await.optional()?;
    Ok(channel.map(UserId))
}

/// Adds the first key of a channel. False when another was quicker.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    id: Uuid,
    sealed: &str,
    blind_index: &[u8],
) -> QueryResult<bool> {
    let row = (
        stream_keys::channel_id.eq(channel.0),
        stream_keys::id.eq(id),
        stream_keys::sealed.eq(sealed),
        stream_keys::blind_index.eq(blind_index),
    );
    let inserted = diesel::insert_into(stream_keys::table).values(row).on_conflict(stream_keys::channel_id).do_nothing();
    Ok(inserted.execute(connection).await? > 0)
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<()> {
    diesel::delete(stream_keys::table.find(channel.0)).execute(connection).await?;
    Ok(())
}
