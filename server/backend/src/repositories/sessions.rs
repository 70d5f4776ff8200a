//! Signed-in browsers. An idle one is over after 14 days, any after 30.

use super::{Moment, ago, now, users::role_from};
use crate::schema::{sessions, users};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    PictureId, SessionId, UserId,
    account::{SessionInfo, Viewer},
    user::Username,
};
use uuid::Uuid;

/// Sessions shown in the list.
const LIST_LENGTH: i64 = 50;

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    user: UserId,
    token_hash: &[u8],
    browser: &str,
) -> QueryResult<SessionId> {
    let id = Uuid::now_v7();
    let row =
        (sessions::id.eq(id), sessions::user_id.eq(user.0), sessions::token_hash.eq(token_hash), sessions::browser.eq(browser));
    diesel::insert_into(sessions::table).values(row).execute(connection).await?;
    Ok(SessionId(id))
}

/// The person behind a token, if its session is not over. Notes that the session is in use, at most every ten minutes.
pub(crate) async fn find(connection: &mut AsyncPgConnection, token_hash: &[u8]) -> QueryResult<Option<Viewer>> {
    let is_running = sessions::last_seen_at.gt(ago("14 days")).and(sessions::created_at.gt(ago("30 days")));
    let is_stale = sessions::last_seen_at.lt(ago("10 minutes"));
    let found: Option<(Uuid, Uuid, String, String, Option<Uuid>, bool)> = sessions::table
        .inner_join(users::table)
        .filter(sessions::token_hash.eq(token_hash))
        .filter(is_running)
        .select((users::id, sessions::id, users::username, users::role, users::avatar, is_stale))
        .first(connection)
        .await
        .optional()?;
    let Some((user, session, name, role, avatar, is_stale)) = found else { return Ok(None) };
    if is_stale {
        diesel::update(sessions::table.find(session)).set(sessions::last_seen_at.eq(now())).execute(connection).await?;
    }
    Ok(Some(Viewer {
        id: UserId(user),
        session: SessionId(session),
        username: Username::from_stored(name),
        role: role_from(&role),
        avatar: avatar.map(PictureId),
    }))
}

pub(crate) async fn list(connection: &mut AsyncPgConnection, viewer: &Viewer) -> QueryResult<Vec<SessionInfo>> {
    let rows: Vec<(Uuid, String, Moment, Moment)> = sessions::table
        .filter(sessions::user_id.eq(viewer.id.0))
        .order(sessions::last_seen_at.desc())
        .limit(LIST_LENGTH)
        .select((sessions::id, sessions::browser, sessions::created_at, sessions::last_seen_at))
        .load(connection)
        .await?;
    let info = |(id, browser, created_at, last_seen_at): (Uuid, String, Moment, Moment)| SessionInfo {
        id: SessionId(id),
        browser,
        created_at: created_at.0,
        last_seen_at: last_seen_at.0,
        is_current: id == viewer.session.0,
    };
    Ok(rows.into_iter().map(info).collect())
}

/// Ends one session of this person. False when they have none of this id.
pub(crate) async fn delete(connection: &mut AsyncPgConnection, user: UserId, session: SessionId) -> QueryResult<bool> {
    let own = sessions::table.find(session.0).filter(sessions::user_id.eq(user.0));
    Ok(diesel::delete(own).execute(connection).await? > 0)
}

pub(crate) async fn delete_all(connection: &mut AsyncPgConnection, user: UserId) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user.0))).execute(connection).await?;
    Ok(())
}

/// Removes what nobody can use any more. Answers how many there were.
pub(crate) async fn delete_over(connection: &mut AsyncPgConnection) -> QueryResult<usize> {
    let is_over = sessions::last_seen_at.le(ago("14 days")).or(sessions::created_at.le(ago("30 days")));
    diesel::delete(sessions::table.filter(is_over)).execute(connection).await
}
