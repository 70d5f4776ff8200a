//! SQL, a file per noun: a connection comes in, domain types go out. Nothing else names a table.

pub(crate) mod blocks;
pub(crate) mod broadcasts;
pub(crate) mod bus_messages;
pub(crate) mod channels;
pub(crate) mod chat_messages;
pub(crate) mod chat_reactions;
pub(crate) mod chat_rooms;
pub(crate) mod community;
pub(crate) mod follows;
pub(crate) mod live_streams;
pub(crate) mod moderation_log;
pub(crate) mod moderators;
mod moment;
pub(crate) mod nodes;
pub(crate) mod notifications;
pub(crate) mod outbox;
pub(crate) mod owner_links;
pub(crate) mod personal_data;
pub(crate) mod pictures;
mod prepared;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod side_channels;
pub(crate) mod social_links;
pub(crate) mod stream_keys;
pub(crate) mod untold_notifications;
pub(crate) mod users;

pub(crate) use moment::{Moment, clock};

use domain::{Category, UserId};
use moment::{ago, now};
use prepared::Prepare;

/// A stored category. The table's own check allows no other.
fn category(slug: &str) -> diesel::QueryResult<Category> {
    slug.parse().map_err(|problem: String| diesel::result::Error::DeserializationError(problem.into()))
}

/// A count that PostgreSQL keeps as a signed number.
fn count(n: impl TryInto<u32>) -> u32 {
    n.try_into().unwrap_or(0)
}

/// Ids as PostgreSQL takes them.
fn ids(people: &[UserId]) -> Vec<uuid::Uuid> {
    people.iter().map(|person| person.0).collect()
}
