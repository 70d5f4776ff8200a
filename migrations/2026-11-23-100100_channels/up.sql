-- Every member owns exactly one channel, which shares their id.

CREATE TABLE channels (
    user_id    uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    title      text        NOT NULL CHECK (length(title) BETWEEN 3 AND 100),
    category   text        NOT NULL CHECK (category IN ('coding', 'creativity', 'study', 'innovation')),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE stream_keys (
    channel_id  uuid        PRIMARY KEY REFERENCES channels ON DELETE CASCADE,
    -- Bound to its row: decrypting it under another id fails.
    id          uuid        NOT NULL UNIQUE,
    -- AES-256-GCM, written as v1.<key id>.<nonce>.<ciphertext>.
    sealed      text        NOT NULL,
    -- HMAC-SHA256 under a key of its own, to find the row by the plain key.
    blind_index bytea       NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now()
);
