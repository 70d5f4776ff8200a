-- People, their signed-in browsers, and the one-time links that make somebody the owner.

CREATE TABLE users (
    id            uuid        PRIMARY KEY,
    username      text        NOT NULL CHECK (username ~ '^[A-Za-z0-9_]{3,20}$'),
    email         text        NOT NULL CHECK (length(email) <= 254),
    display_name  text        NOT NULL CHECK (length(display_name) BETWEEN 1 AND 50),
    bio           text        NOT NULL DEFAULT '' CHECK (length(bio) <= 500),
    password_hash text        NOT NULL,
    role          text        NOT NULL DEFAULT 'member' CHECK (role IN ('member', 'admin')),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_username_key ON users (lower(username));
CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE stats (
    user_id uuid   PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    xp      bigint NOT NULL DEFAULT 0 CHECK (xp >= 0)
);

CREATE TABLE sessions (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- SHA-256 of the token; the token itself is only in the browser.
    token_hash   bytea       NOT NULL UNIQUE,
    browser      text        NOT NULL CHECK (length(browser) <= 100),
    created_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_user ON sessions (user_id, last_seen_at DESC);

CREATE TABLE owner_links (
    token_hash bytea       PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
