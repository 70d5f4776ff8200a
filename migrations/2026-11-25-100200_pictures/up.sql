-- Pictures of people and of streams. The files are in the object store, under the id; here is whose they are,
-- and whether anything shows them.

CREATE TABLE pictures (
    -- Made of the owner and of what the picture shows.
    id           uuid        PRIMARY KEY,
    -- Nobody's any more once the account is gone; then the files go too.
    owner_id     uuid        REFERENCES users ON DELETE SET NULL,
    kind         text        NOT NULL CHECK (kind IN ('avatar', 'thumbnail', 'preview')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    -- Since when nothing refers to it. Pages that are open may still show it for a while.
    unused_since timestamptz DEFAULT now()
);
CREATE INDEX pictures_owner ON pictures (owner_id);
CREATE INDEX pictures_unused ON pictures (unused_since) WHERE unused_since IS NOT NULL;
CREATE INDEX pictures_abandoned ON pictures (id) WHERE owner_id IS NULL;

ALTER TABLE users ADD COLUMN avatar uuid REFERENCES pictures ON DELETE SET NULL;
CREATE INDEX users_avatar ON users (avatar) WHERE avatar IS NOT NULL;

ALTER TABLE channels ADD COLUMN thumbnail uuid REFERENCES pictures ON DELETE SET NULL;
CREATE INDEX channels_thumbnail ON channels (thumbnail) WHERE thumbnail IS NOT NULL;

ALTER TABLE live_streams
    -- A recent frame, for streams whose streamer chose no picture.
    ADD COLUMN preview uuid REFERENCES pictures ON DELETE SET NULL,
    -- When open pages were last told of a new one.
    ADD COLUMN preview_told_at timestamptz;
