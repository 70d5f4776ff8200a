-- Chat: what is said on a channel, and how order is kept there.

-- A channel without a row has the defaults.
CREATE TABLE chat_settings (
    channel_id     uuid     PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
    is_enabled     boolean  NOT NULL DEFAULT true,
    allows_guests  boolean  NOT NULL DEFAULT false,
    followers_only boolean  NOT NULL DEFAULT false,
    slow_seconds   smallint NOT NULL DEFAULT 0 CHECK (slow_seconds BETWEEN 0 AND 300),
    held_seconds   smallint NOT NULL DEFAULT 0 CHECK (held_seconds BETWEEN 0 AND 60),
    -- One on each line.
    banned_words   text     NOT NULL DEFAULT ''
);

CREATE TABLE chat_messages (
    -- UUIDv7: the order of the ids is that of the messages.
    id           uuid        PRIMARY KEY,
    channel_id   uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    -- Given by the author's browser, so that sending it twice makes one message.
    client_id    uuid        NOT NULL,
    -- The member, or a number that stands for where a guest comes from, another one on each channel.
    author       uuid        NOT NULL,
    member_id    uuid        REFERENCES users ON DELETE CASCADE,
    guest_name   text        CHECK (length(guest_name) BETWEEN 2 AND 20),
    broadcast_id uuid        REFERENCES broadcasts ON DELETE SET NULL,
    -- From the start of the broadcast, so that a replay can say it again at the same moment.
    offset_ms    bigint      CHECK (offset_ms >= 0),
    text         text        NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    reply_to     uuid        REFERENCES chat_messages ON DELETE SET NULL,
    sent_at      timestamptz NOT NULL DEFAULT now(),
    edited_at    timestamptz,
    deleted_at   timestamptz,
    deleted_by   uuid        REFERENCES users ON DELETE SET NULL,
    -- Until then only its author and the moderators see it.
    visible_at   timestamptz NOT NULL DEFAULT now(),
    -- Whether readers were told of it.
    is_released  boolean     NOT NULL DEFAULT true,
    CHECK (member_id = author),
    CHECK ((member_id IS NULL) = (guest_name IS NOT NULL))
);
CREATE UNIQUE INDEX chat_messages_client ON chat_messages (author, client_id);
CREATE INDEX chat_messages_channel ON chat_messages (channel_id, id DESC);
-- How often somebody writes, and whether they repeat themselves.
CREATE INDEX chat_messages_author ON chat_messages (author, id DESC);
CREATE INDEX chat_messages_held ON chat_messages (visible_at) WHERE NOT is_released;
CREATE INDEX chat_messages_broadcast ON chat_messages (broadcast_id, offset_ms) WHERE broadcast_id IS NOT NULL;
CREATE INDEX chat_messages_reply_to ON chat_messages (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX chat_messages_member ON chat_messages (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX chat_messages_deleted_by ON chat_messages (deleted_by) WHERE deleted_by IS NOT NULL;

CREATE TABLE chat_reactions (
    message_id uuid        NOT NULL REFERENCES chat_messages ON DELETE CASCADE,
    member_id  uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    emoji      text        NOT NULL
               CHECK (emoji IN ('like', 'love', 'laugh', 'wow', 'celebrate', 'thanks', 'idea', 'question')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, emoji, member_id)
);
CREATE INDEX chat_reactions_member ON chat_reactions (member_id);

CREATE TABLE chat_timeouts (
    channel_id uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    -- As in the messages: a member or a guest.
    author     uuid        NOT NULL,
    until_at   timestamptz NOT NULL,
    PRIMARY KEY (channel_id, author)
);
CREATE INDEX chat_timeouts_over ON chat_timeouts (until_at);

CREATE TABLE chat_pins (
    channel_id uuid        PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
    message_id uuid        NOT NULL REFERENCES chat_messages ON DELETE CASCADE,
    pinned_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chat_pins_message ON chat_pins (message_id);

CREATE TABLE moderation_log (
    id         uuid        PRIMARY KEY,
    channel_id uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    actor_id   uuid        REFERENCES users ON DELETE SET NULL,
    action     text        NOT NULL
               CHECK (action IN ('delete', 'clear', 'time_out', 'end_time_out', 'pin', 'unpin', 'modes')),
    -- As they were called then.
    target     text,
    detail     text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX moderation_log_channel ON moderation_log (channel_id, id DESC);
CREATE INDEX moderation_log_actor ON moderation_log (actor_id) WHERE actor_id IS NOT NULL;
