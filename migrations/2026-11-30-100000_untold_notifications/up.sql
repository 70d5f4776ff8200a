-- What members are to be told, committed together with what happened, so that no crash in between loses it. A row goes when
-- they are told.
CREATE TABLE untold_notifications (
    id         uuid        PRIMARY KEY DEFAULT new_id(),
    -- Whom. Without names it is everybody who follows the one who caused it.
    members    uuid[],
    kind       text        NOT NULL CHECK (kind IN ('live', 'follower', 'mention', 'moderation', 'appointed')),
    -- Who caused it.
    actor_id   uuid        REFERENCES users ON DELETE CASCADE,
    -- Where it happened, when that is not the actor's own channel.
    channel_id uuid        REFERENCES channels ON DELETE CASCADE,
    words      text        NOT NULL DEFAULT '' CHECK (length(words) <= 200),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- From when on any server tells it: the one that wrote it does so at once.
    due_at     timestamptz NOT NULL DEFAULT clock_timestamp() + interval '3 seconds'
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX untold_notifications_due ON untold_notifications (due_at);
CREATE INDEX untold_notifications_actor ON untold_notifications (actor_id);
CREATE INDEX untold_notifications_channel ON untold_notifications (channel_id) WHERE channel_id IS NOT NULL;
