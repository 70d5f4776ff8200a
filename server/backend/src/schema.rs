//! The tables as diesel sees them. They follow `migrations/`; a test compares the two.

#[expect(unreachable_pub, reason = "the tables below are public too, within this private module")]
pub mod sql_types {
    #[derive(Debug, diesel::query_builder::QueryId, diesel::sql_types::SqlType)]
    #[diesel(postgres_type(oid = 3614, array_oid = 3643))]
    pub struct Tsvector;
}

diesel::table! {
    users (id) {
        id -> Uuid,
        username -> Text,
        email -> Text,
        display_name -> Text,
        bio -> Text,
        password_hash -> Text,
        role -> Text,
        created_at -> Timestamptz,
        avatar -> Nullable<Uuid>,
    }
}

diesel::table! {
    stats (user_id) {
        user_id -> Uuid,
        xp -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        token_hash -> Bytea,
        browser -> Text,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    owner_links (token_hash) {
        token_hash -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid};
    use super::sql_types::Tsvector;

    channels (user_id) {
        user_id -> Uuid,
        title -> Text,
        category -> Text,
        updated_at -> Timestamptz,
        thumbnail -> Nullable<Uuid>,
        search -> Tsvector,
        search_words -> Text,
    }
}

diesel::table! {
    stream_keys (channel_id) {
        channel_id -> Uuid,
        id -> Uuid,
        sealed -> Text,
        blind_index -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    nodes (id) {
        id -> Uuid,
        address -> Text,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text, Timestamptz, Uuid};
    use super::sql_types::Tsvector;

    broadcasts (id) {
        id -> Uuid,
        channel_id -> Uuid,
        title -> Text,
        category -> Text,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        peak_viewers -> Integer,
        search -> Tsvector,
    }
}

diesel::table! {
    live_streams (channel_id) {
        channel_id -> Uuid,
        broadcast_id -> Uuid,
        category -> Text,
        viewers -> Integer,
        started_at -> Timestamptz,
        node_id -> Uuid,
        interrupted_at -> Nullable<Timestamptz>,
        seen_at -> Timestamptz,
        preview -> Nullable<Uuid>,
        preview_told_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    pictures (id) {
        id -> Uuid,
        owner_id -> Nullable<Uuid>,
        kind -> Text,
        created_at -> Timestamptz,
        unused_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    schedule_entries (id) {
        id -> Uuid,
        channel_id -> Uuid,
        title -> Text,
        category -> Text,
        starts_at -> Timestamptz,
        minutes -> SmallInt,
        cancelled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    follows (follower_id, channel_id) {
        follower_id -> Uuid,
        channel_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    first_follows (follower_id, channel_id) {
        follower_id -> Uuid,
        channel_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    blocks (blocker_id, blocked_id) {
        blocker_id -> Uuid,
        blocked_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    moderators (channel_id, member_id) {
        channel_id -> Uuid,
        member_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    notifications (id) {
        id -> Uuid,
        member_id -> Uuid,
        kind -> Text,
        actor_id -> Nullable<Uuid>,
        channel_id -> Nullable<Uuid>,
        words -> Text,
        created_at -> Timestamptz,
        read_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    untold_notifications (id) {
        id -> Uuid,
        members -> Nullable<Array<Uuid>>,
        kind -> Text,
        actor_id -> Nullable<Uuid>,
        channel_id -> Nullable<Uuid>,
        words -> Text,
        written_at -> Timestamptz,
        due_at -> Timestamptz,
    }
}

diesel::table! {
    notification_mutes (member_id, kind) {
        member_id -> Uuid,
        kind -> Text,
    }
}

diesel::table! {
    social_links (user_id, network) {
        user_id -> Uuid,
        network -> Text,
        address -> Text,
        place -> SmallInt,
    }
}

diesel::table! {
    chat_settings (channel_id) {
        channel_id -> Uuid,
        is_enabled -> Bool,
        allows_guests -> Bool,
        followers_only -> Bool,
        slow_seconds -> SmallInt,
        held_seconds -> SmallInt,
        banned_words -> Text,
    }
}

diesel::table! {
    chat_messages (id) {
        id -> Uuid,
        channel_id -> Uuid,
        client_id -> Uuid,
        author -> Uuid,
        member_id -> Nullable<Uuid>,
        guest_name -> Nullable<Text>,
        broadcast_id -> Nullable<Uuid>,
        offset_ms -> Nullable<BigInt>,
        text -> Text,
        reply_to -> Nullable<Uuid>,
        sent_at -> Timestamptz,
        edited_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
        deleted_by -> Nullable<Uuid>,
        visible_at -> Timestamptz,
        is_released -> Bool,
    }
}

diesel::table! {
    chat_reactions (message_id, emoji, member_id) {
        message_id -> Uuid,
        member_id -> Uuid,
        emoji -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    chat_timeouts (channel_id, author) {
        channel_id -> Uuid,
        author -> Uuid,
        until_at -> Timestamptz,
    }
}

diesel::table! {
    chat_pins (channel_id) {
        channel_id -> Uuid,
        message_id -> Uuid,
        pinned_at -> Timestamptz,
    }
}

diesel::table! {
    moderation_log (id) {
        id -> Uuid,
        channel_id -> Uuid,
        actor_id -> Nullable<Uuid>,
        action -> Text,
        target -> Nullable<Text>,
        detail -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    bus_messages (origin, sequence) {
        origin -> Uuid,
        sequence -> BigInt,
        message -> Text,
        written_at -> Timestamptz,
    }
}

diesel::table! {
    outbox (id) {
        id -> Uuid,
        topics -> Text,
        event -> Text,
        written_at -> Timestamptz,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(channels -> users (user_id));
diesel::joinable!(live_streams -> channels (channel_id));
diesel::joinable!(live_streams -> broadcasts (broadcast_id));
diesel::joinable!(schedule_entries -> channels (channel_id));
diesel::joinable!(follows -> channels (channel_id));
diesel::joinable!(notifications -> channels (channel_id));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    stats,
    sessions,
    owner_links,
    channels,
    stream_keys,
    nodes,
    broadcasts,
    live_streams,
    pictures,
    schedule_entries,
    follows,
    first_follows,
    blocks,
    moderators,
    notifications,
    untold_notifications,
    notification_mutes,
    social_links,
    chat_settings,
    chat_messages,
    chat_reactions,
    chat_timeouts,
    chat_pins,
    moderation_log,
    bus_messages,
    outbox
);
