-- Lessons announced for later.

CREATE TABLE schedule_entries (
    id           uuid        PRIMARY KEY,
    channel_id   uuid        NOT NULL REFERENCES channels ON DELETE CASCADE,
    title        text        NOT NULL CHECK (length(title) BETWEEN 3 AND 100),
    category     text        NOT NULL CHECK (category IN ('coding', 'creativity', 'study', 'innovation')),
    starts_at    timestamptz NOT NULL,
    minutes      smallint    NOT NULL DEFAULT 120 CHECK (minutes BETWEEN 15 AND 720),
    cancelled_at timestamptz
);
CREATE INDEX schedule_entries_coming ON schedule_entries (starts_at) WHERE cancelled_at IS NULL;
CREATE INDEX schedule_entries_channel ON schedule_entries (channel_id, starts_at) WHERE cancelled_at IS NULL;
