//! A database as full as that of a large site, made by statements over whole sets.
//!
//! Popularity is uneven, as it is in life: a few channels have most of the followers and of the chat.

use crate::database::Database;
use diesel_async::SimpleAsyncConnection;
use domain::{
    SessionId, UserId,
    account::{Role, Viewer},
    user::Username,
};
use uuid::Uuid;

/// How many there are of what.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub users: u32,
    pub channels: u32,
    pub live: u32,
    pub follows: u32,
}

impl Size {
    /// The size that the site is made for.
    pub const FULL: Self = Self { users: 1_000_000, channels: 200_000, live: 5_000, follows: 5_000_000 };

    /// The full size when `LEARNIFY_FULL_SIZE` is set, which takes five minutes; otherwise a twentieth, at which the planner
    /// already has the same choices.
    pub fn chosen() -> Self {
        if super::is_full_size() { Self::FULL } else { Self::FULL.part(20) }
    }

    const fn part(self, of: u32) -> Self {
        Self { users: self.users / of, channels: self.channels / of, live: self.live / of, follows: self.follows / of }
    }
}

/// The id of the n-th person, from 1 on. The first ones have the most popular channels.
pub fn person(n: u32) -> UserId {
    UserId(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0000 | u128::from(n)))
}

/// The n-th person, signed in.
pub fn viewer(n: u32) -> Viewer {
    Viewer {
        id: person(n),
        session: SessionId(Uuid::nil()),
        username: Username::from_stored(format!("person{n}")),
        role: Role::Member,
        avatar: None,
    }
}

/// Fills the tables.
#[expect(clippy::too_many_lines, reason = "a table after the other")]
pub async fn fill(database: &Database, size: Size) {
    let mut connection = database.connection().await.expect("the database");
    let Size { users, channels, live, follows } = size;
    let every = (channels / live).max(1);
    let messages = users * 2;
    let statements = [
        // Every row is right by construction, so nothing has to be checked: twice as fast.
        "SET session_replication_role = replica; SET statement_timeout = 0; SELECT setseed(0.5)".to_owned(),
        "CREATE FUNCTION pg_temp.person(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS \
         $$ SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$"
            .to_owned(),
        "CREATE FUNCTION pg_temp.word(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS \
         $$ SELECT (ARRAY['Algebra', 'Painting', 'Rust', 'Piano', 'Startups', 'Geometry', 'Poetry', 'Databases', 'Chess', \
                          'Biology', 'Statistics', 'Design', 'History', 'Compilers', 'Spanish', 'Robotics'])[(1 + n % 16)::integer] $$"
            .to_owned(),
        "CREATE FUNCTION pg_temp.category(n bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS \
         $$ SELECT (ARRAY['coding', 'creativity', 'study', 'innovation'])[(1 + n % 4)::integer] $$"
            .to_owned(),
        // A number from 1 to `n`, small ones far more often.
        "CREATE FUNCTION pg_temp.popular(n bigint) RETURNS bigint LANGUAGE sql VOLATILE AS \
         $$ SELECT 1 + floor(n * power(random(), 3))::bigint $$"
            .to_owned(),
        format!(
            "INSERT INTO users (id, username, email, display_name, bio, password_hash, created_at) \
             SELECT pg_temp.person(n), 'person' || n, 'person' || n || '@example.org', pg_temp.word(n / 7) || ' teacher ' || n, \
                    'I like ' || pg_temp.word(n / 3), '', now() - n * interval '1 minute' FROM generate_series(1, {users}) AS n"
        ),
        "INSERT INTO stats (user_id, xp) SELECT id, (random() * 5000)::bigint FROM users".to_owned(),
        format!(
            "INSERT INTO channels (user_id, title, category, search, search_words) \
             SELECT id, title, pg_temp.category(n), search_document(username, display_name, title, bio), \
                    search_text(username || ' ' || display_name || ' ' || title) \
             FROM (SELECT n, pg_temp.word(n) || ' with ' || pg_temp.word(n / 16) || ', lesson ' || n AS title \
                   FROM generate_series(1, {channels}) AS n) AS one JOIN users ON users.id = pg_temp.person(n)"
        ),
        format!(
            "INSERT INTO broadcasts (id, channel_id, title, category, started_at, ended_at, peak_viewers) \
             SELECT gen_random_uuid(), pg_temp.person(n), pg_temp.word(n + k) || ' part ' || k, pg_temp.category(n), \
                    now() - (n % 997 + k * 1000) * interval '1 hour', \
                    now() - (n % 997 + k * 1000) * interval '1 hour' + interval '50 minutes', n % 300 \
             FROM generate_series(1, {channels}) AS n, generate_series(1, 5) AS k"
        ),
        format!(
            "INSERT INTO broadcasts (id, channel_id, title, category, started_at) \
             SELECT gen_random_uuid(), pg_temp.person(n), pg_temp.word(n) || ' live', pg_temp.category(n / {every}), \
                    now() - n % 7200 * interval '1 second' FROM generate_series(1, {channels}, {every}) AS n"
        ),
        "INSERT INTO live_streams (channel_id, broadcast_id, category, viewers, started_at, node_id, seen_at) \
         SELECT channel_id, id, category, floor(1000 * power(random(), 4))::integer, started_at, gen_random_uuid(), \
                now() + interval '1 day' FROM broadcasts WHERE ended_at IS NULL"
            .to_owned(),
        format!(
            "INSERT INTO schedule_entries (id, channel_id, title, category, starts_at) \
             SELECT gen_random_uuid(), pg_temp.person(n), pg_temp.word(n) || ' soon', pg_temp.category(n), \
                    now() + (n % 2000 - 1000) * interval '1 hour' FROM generate_series(1, {channels}, 2) AS n"
        ),
        format!(
            "INSERT INTO follows (follower_id, channel_id, created_at) \
             SELECT pg_temp.person(follower), pg_temp.person(channel), now() - random() * interval '300 days' \
             FROM (SELECT 1 + floor(random() * {users})::bigint AS follower, pg_temp.popular({channels}) AS channel \
                   FROM generate_series(1, {follows})) AS one WHERE follower <> channel ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO follows (follower_id, channel_id, created_at) SELECT pg_temp.person(1), pg_temp.person(n), \
                    now() - n * interval '1 minute' FROM generate_series(2, {channels}, greatest(1, {channels} / 600)) AS n ON CONFLICT DO NOTHING"
        ),
        "INSERT INTO first_follows (follower_id, channel_id) SELECT follower_id, channel_id FROM follows".to_owned(),
        format!(
            "INSERT INTO blocks (blocker_id, blocked_id, created_at) \
             SELECT pg_temp.person(n), pg_temp.person(1 + (n * 31 + 7) % {users}), now() - n * interval '1 minute' \
             FROM generate_series(1, {users}, 4) AS n WHERE n <> 1 + (n * 31 + 7) % {users}"
        ),
        format!(
            "INSERT INTO blocks (blocker_id, blocked_id, created_at) SELECT pg_temp.person(1), pg_temp.person(n), \
                    now() - n * interval '1 minute' FROM generate_series(5, {users}, greatest(1, {users} / 100)) AS n ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO moderators (channel_id, member_id) SELECT pg_temp.person(n), pg_temp.person(n + 1) \
             FROM generate_series(1, {channels}, 10) AS n"
        ),
        format!(
            "INSERT INTO notifications (id, member_id, kind, actor_id, words, created_at, read_at) \
             SELECT gen_random_uuid(), pg_temp.person(CASE WHEN n % 100 = 0 THEN 1 ELSE 1 + n % {users} END), 'live', \
                    pg_temp.person(pg_temp.popular({channels})), 'A lesson', now() - n * interval '1 second', \
                    CASE WHEN n % 3 = 0 THEN NULL ELSE now() END FROM generate_series(1, {messages}) AS n"
        ),
        format!(
            "INSERT INTO chat_messages (id, channel_id, client_id, author, member_id, text, sent_at) \
             SELECT gen_random_uuid(), pg_temp.person(pg_temp.popular({channels})), gen_random_uuid(), pg_temp.person(member), \
                    pg_temp.person(member), pg_temp.word(n) || ' ' || pg_temp.word(n / 5), now() - n * interval '1 second' \
             FROM (SELECT n, 1 + floor(random() * {users})::bigint AS member FROM generate_series(1, {messages}) AS n) AS one"
        ),
        "INSERT INTO chat_reactions (message_id, member_id, emoji) SELECT id, member_id, 'like' FROM chat_messages \
         WHERE random() < 0.5"
            .to_owned(),
        format!(
            "INSERT INTO sessions (id, user_id, token_hash, browser) SELECT gen_random_uuid(), pg_temp.person(n), \
                    sha256(n::text::bytea), 'A test' FROM generate_series(1, {users}, 5) AS n"
        ),
        format!(
            "INSERT INTO social_links (user_id, network, address, place) \
             SELECT pg_temp.person(n), 'github', 'https://github.com/person' || n, 1 FROM generate_series(1, {channels}) AS n"
        ),
        "RESET session_replication_role".to_owned(),
        // So that the planner knows what there is, and which rows everybody sees.
        "VACUUM ANALYZE".to_owned(),
        "RESET statement_timeout".to_owned(),
    ];
    for statement in statements {
        connection.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}
