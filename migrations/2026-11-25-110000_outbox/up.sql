-- Events that are committed with what they tell of. A row is deleted as soon as all servers can hear of it, so one that
-- stays was left behind by a crash, and another server tells it.

CREATE TABLE outbox (
    -- UUIDv7: the order of the ids is that of the events.
    id         uuid        PRIMARY KEY,
    -- JSON, as on the wire.
    topics     text        NOT NULL,
    event      text        NOT NULL,
    -- Until a while after this, whoever wrote it takes care of it.
    written_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX outbox_left_behind ON outbox (written_at);
