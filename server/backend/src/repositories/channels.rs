//! Channels.

use super::{Moment, category, count, now, users::lower};
use crate::schema::{channels, live_streams, stats, users};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    BroadcastId, Category, PictureId, Timestamp, UserId,
    channel::{StreamSettings, StreamTitle},
    stream::{Live, Signal},
    user::Username,
};
use uuid::Uuid;

/// A channel with what runs on it.
pub(crate) struct Channel {
    pub(crate) id: UserId,
    pub(crate) username: Username,
    pub(crate) display_name: String,
    pub(crate) bio: String,
    pub(crate) member_since: Timestamp,
    pub(crate) xp: i64,
    pub(crate) title: String,
    pub(crate) category: Category,
    pub(crate) avatar: Option<PictureId>,
    /// Chosen by the owner.
    pub(crate) thumbnail: Option<PictureId>,
    /// A recent frame of what is live.
    pub(crate) preview: Option<PictureId>,
    pub(crate) live: Option<Live>,
}

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    owner: UserId,
    title: &StreamTitle,
    of: Category,
) -> QueryResult<()> {
    let row = (channels::user_id.eq(owner.0), channels::title.eq(title.as_str()), channels::category.eq(of.slug()));
    diesel::insert_into(channels::table).values(row).execute(connection).await?;
    Ok(())
}

type Row = (Uuid, (String, String, String, Moment), Option<i64>, String, String, (Option<Uuid>, Option<Uuid>), Option<LiveRow>);

/// A running broadcast, and its preview.
type LiveRow = (Uuid, Moment, Option<Moment>, i32, Option<Uuid>);

/// The channel with this username, in whatever case.
pub(crate) async fn find_by_username(connection: &mut AsyncPgConnection, name: &Username) -> QueryResult<Option<Channel>> {
    let name = name.as_str().to_lowercase();
    let found: Option<Row> = select().filter(lower(users::username).eq(name)).first(connection).await.optional()?;
    found.map(channel).transpose()
}

/// Until the end of the transaction nobody else changes what is counted of a channel, so that the last count told is the
/// right one. False when there is no such channel.
pub(crate) async fn lock(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<bool> {
    let row = channels::table.find(id.0).select(channels::user_id).for_no_key_update();
    Ok(row.first::<Uuid>(connection).await.optional()?.is_some())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn select() -> _ {
    let live = (
        live_streams::broadcast_id,
        live_streams::started_at,
        live_streams::interrupted_at,
        live_streams::viewers,
        live_streams::preview,
    );
    let points = stats::table.find(channels::user_id).select(stats::xp).single_value();
    channels::table.inner_join(users::table).left_join(live_streams::table).select((
        channels::user_id,
        (users::username, users::display_name, users::bio, users::created_at),
        points,
        channels::title,
        channels::category,
        (users::avatar, channels::thumbnail),
        live.nullable(),
    ))
}

fn channel((id, (name, display_name, bio, created_at), xp, title, slug, (avatar, thumbnail), live): Row) -> QueryResult<Channel> {
    let preview = live.as_ref().and_then(|(.., preview)| *preview);
    let live = live.map(|(broadcast, started_at, interrupted_at, viewers, _)| Live {
        broadcast: BroadcastId(broadcast),
        started_at: started_at.0,
        signal: signal(interrupted_at),
        viewers: count(viewers),
    });
    Ok(Channel {
        id: UserId(id),
        username: Username::from_stored(name),
        display_name,
        bio,
        member_since: created_at.0,
        xp: xp.unwrap_or(0),
        title,
        category: category(&slug)?,
        avatar: avatar.map(PictureId),
        thumbnail: thumbnail.map(PictureId),
        preview: preview.map(PictureId),
        live,
    })
}

pub(super) fn signal(interrupted_at: Option<Moment>) -> Signal {
    if interrupted_at.is_some() { Signal::Interrupted } else { Signal::Live }
}

/// The name, the title and the category of a channel, as an event tells them.
pub(crate) async fn facts(connection: &mut AsyncPgConnection, id: UserId) -> QueryResult<Option<(String, String, Category)>> {
    let facts = channels::table.find(id.0).inner_join(users::table);
    let found: Option<(String, String, String)> =
        facts.select((users::display_name, channels::title, channels::category)).first(connection).await.optional()?;
    found.map(|(display_name, title, slug)| Ok((display_name, title, category(&slug)?))).transpose()
}

/// Sets title and category, and the category of what is live. Answers the category from before.
pub(crate) async fn update(
    connection: &mut AsyncPgConnection,
    id: UserId,
    settings: &StreamSettings,
) -> QueryResult<Option<Category>> {
    let own = channels::table.find(id.0);
    let before: Option<String> = own.select(channels::category).for_update().first(connection).await.optional()?;
    let Some(before) = before else { return Ok(None) };
    let slug = settings.category.slug();
    diesel::update(own)
        .set((channels::title.eq(settings.title.as_str()), channels::category.eq(slug), channels::updated_at.eq(now())))
        .execute(connection)
        .await?;
    let live = live_streams::table.find(id.0).filter(live_streams::category.ne(slug));
    diesel::update(live).set(live_streams::category.eq(slug)).execute(connection).await?;
    category(&before).map(Some)
}
