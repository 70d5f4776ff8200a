//! Announced lessons.

use super::{Moment, category, ids, now};
use crate::schema::{channels, schedule_entries, users};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{Category, UserId, schedule::UpcomingLesson, user::Username};
use uuid::Uuid;

/// Lessons shown at once.
const LENGTH: i64 = 5;

/// The next lessons of one channel, or of all, soonest first, without those of hidden people.
pub(crate) async fn upcoming(
    connection: &mut AsyncPgConnection,
    channel: Option<UserId>,
    hidden: &[UserId],
) -> QueryResult<Vec<UpcomingLesson>> {
    let mut query = schedule_entries::table
        .inner_join(channels::table.inner_join(users::table))
        .filter(schedule_entries::cancelled_at.is_null())
        .filter(schedule_entries::starts_at.gt(now()))
        .filter(schedule_entries::channel_id.ne_all(ids(hidden)))
        .order(schedule_entries::starts_at.asc())
        .limit(LENGTH)
        .select((
            users::id,
            users::username,
            users::display_name,
            schedule_entries::title,
            schedule_entries::category,
            schedule_entries::starts_at,
            schedule_entries::minutes,
        ))
        .into_boxed();
    if let Some(channel) = channel {
        query = query.filter(schedule_entries::channel_id.eq(channel.0));
    }
    let rows: Vec<(Uuid, String, String, String, String, Moment, i16)> = query.load(connection).await?;
    let lesson =
        |(id, name, display_name, title, slug, starts_at, minutes): (Uuid, String, String, String, String, Moment, i16)| {
            Ok(UpcomingLesson {
                channel: UserId(id),
                username: Username::from_stored(name),
                display_name,
                title,
                category: category(&slug)?,
                starts_at: starts_at.0,
                minutes: minutes.try_into().unwrap_or(0),
            })
        };
    rows.into_iter().map(lesson).collect()
}

/// Announces a lesson.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    channel: UserId,
    title: &str,
    of: Category,
    starts_at: Moment,
    minutes: i16,
) -> QueryResult<()> {
    let row = (
        schedule_entries::id.eq(Uuid::now_v7()),
        schedule_entries::channel_id.eq(channel.0),
        schedule_entries::title.eq(title),
        schedule_entries::category.eq(of.slug()),
        schedule_entries::starts_at.eq(starts_at),
        schedule_entries::minutes.eq(minutes),
    );
    diesel::insert_into(schedule_entries::table).values(row).execute(connection).await?;
    Ok(())
}
