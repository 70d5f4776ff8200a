//! Broadcasts as history.

use super::{Moment, now};
use crate::schema::{broadcasts, channels};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{BroadcastId, UserId, channel::PastBroadcast};
use uuid::Uuid;

/// Begins a broadcast with the channel's title and category of now. Nothing begins on a channel that is gone.
pub(crate) async fn insert(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<BroadcastId>> {
    let settings = channels::table.find(channel.0).select((channels::title, channels::category));
    let Some((title, category)) = settings.first::<(String, String)>(connection).await.optional()? else { return Ok(None) };
    let id = Uuid::now_v7();
    let row = (
        broadcasts::id.eq(id),
        broadcasts::channel_id.eq(channel.0),
        broadcasts::title.eq(title),
        broadcasts::category.eq(category),
    );
    diesel::insert_into(broadcasts::table).values(row).execute(connection).await?;
    Ok(Some(BroadcastId(id)))
}

/// Ends broadcasts now.
pub(crate) async fn end(connection: &mut AsyncPgConnection, ids: &[Uuid]) -> QueryResult<()> {
    let running = broadcasts::table.filter(broadcasts::id.eq_any(ids)).filter(broadcasts::ended_at.is_null());
    diesel::update(running).set(broadcasts::ended_at.eq(now().nullable())).execute(connection).await?;
    Ok(())
}

/// The latest broadcast of a channel that is over.
pub(crate) async fn last(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<Option<PastBroadcast>> {
    let found: Option<(String, Moment, Option<Moment>)> = broadcasts::table
        .filter(broadcasts::channel_id.eq(channel.0))
        .filter(broadcasts::ended_at.is_not_null())
        .order(broadcasts::started_at.desc())
        .select((broadcasts::title, broadcasts::started_at, broadcasts::ended_at))
        .first(connection)
        .await
        .optional()?;
    Ok(found.map(|(title, started_at, ended_at)| PastBroadcast {
        title,
        started_at: started_at.0,
        ended_at: ended_at.map(|moment| moment.0),
    }))
}

/// How many broadcasts a channel ever had.
#[cfg(any(test, feature = "testing"))]
pub(crate) async fn count(connection: &mut AsyncPgConnection, channel: UserId) -> QueryResult<i64> {
    broadcasts::table.filter(broadcasts::channel_id.eq(channel.0)).count().get_result(connection).await
}
