-- Who follows, blocks and moderates whom, and what people are told about it.

CREATE TABLE follows (
    follower_id uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_id  uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, channel_id),
    CHECK (follower_id <> channel_id)
);
CREATE INDEX follows_follower ON follows (follower_id, created_at DESC);
CREATE INDEX follows_channel ON follows (channel_id, created_at DESC);

-- Every pair that ever was: experience points are given for the first time only, however often somebody comes back.
CREATE TABLE first_follows (
    follower_id uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    channel_id  uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (follower_id, channel_id)
);
CREATE INDEX first_follows_channel ON first_follows (channel_id);

CREATE TABLE blocks (
    blocker_id uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    blocked_id uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (blocker_id, blocked_id),
    CHECK (blocker_id <> blocked_id)
);
CREATE INDEX blocks_blocker ON blocks (blocker_id, created_at DESC);
CREATE INDEX blocks_blocked ON blocks (blocked_id, blocker_id);
CREATE INDEX blocks_recent ON blocks (created_at);

CREATE TABLE moderators (
    channel_id uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    member_id  uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (channel_id, member_id),
    CHECK (channel_id <> member_id)
);
CREATE INDEX moderators_member ON moderators (member_id);

CREATE TABLE notifications (
    id         uuid        PRIMARY KEY,
    member_id  uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    kind       text        NOT NULL CHECK (kind IN ('live', 'follower', 'mention', 'moderation', 'appointed')),
    -- Who caused it.
    actor_id   uuid        REFERENCES users ON DELETE CASCADE,
    -- Where it happened, when that is not the actor's own channel.
    channel_id uuid        REFERENCES channels ON DELETE CASCADE,
    words      text        NOT NULL DEFAULT '' CHECK (length(words) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at    timestamptz
);
-- Ids sort by time.
CREATE INDEX notifications_member ON notifications (member_id, id DESC);
CREATE INDEX notifications_unread ON notifications (member_id) WHERE read_at IS NULL;
CREATE INDEX notifications_actor ON notifications (actor_id, kind, created_at DESC);
CREATE INDEX notifications_channel ON notifications (channel_id) WHERE channel_id IS NOT NULL;
CREATE INDEX notifications_old ON notifications (created_at);

-- Kinds that a member does not want. Whatever is not here is wanted.
CREATE TABLE notification_mutes (
    member_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind      text NOT NULL CHECK (kind IN ('live', 'follower', 'mention', 'moderation', 'appointed')),
    PRIMARY KEY (member_id, kind)
);

-- Who taught last is recommended.
CREATE INDEX broadcasts_recent ON broadcasts (started_at DESC);
