-- Broadcasts as history, and the narrow rows of those that run now.

CREATE TABLE nodes (
    id      uuid        PRIMARY KEY,
    -- Where the other servers reach this one, for example http://10.0.0.2:3000.
    address text        NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE broadcasts (
    id           uuid        PRIMARY KEY,
    channel_id   uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    title        text        NOT NULL,
    category     text        NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    peak_viewers integer     NOT NULL DEFAULT 0 CHECK (peak_viewers >= 0),
    CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX broadcasts_running ON broadcasts (channel_id) WHERE ended_at IS NULL;
CREATE INDEX broadcasts_channel ON broadcasts (channel_id, started_at DESC);

-- What changes while a broadcast runs stays out of the history: viewer counts move every second,
-- and a row with few indexes and room to spare is cheap to update.
CREATE TABLE live_streams (
    channel_id     uuid        PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
    broadcast_id   uuid        NOT NULL UNIQUE REFERENCES broadcasts ON DELETE CASCADE,
    category       text        NOT NULL,
    viewers        integer     NOT NULL DEFAULT 0 CHECK (viewers >= 0),
    started_at     timestamptz NOT NULL DEFAULT now(),
    -- The server whose media the stream arrives at.
    node_id        uuid        NOT NULL,
    -- Since when no media arrives; the broadcast ends when the grace window is over.
    interrupted_at timestamptz,
    -- The last sign of life from that server.
    seen_at        timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX live_streams_category ON live_streams (category, viewers DESC, started_at, channel_id);
