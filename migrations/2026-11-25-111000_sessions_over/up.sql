-- What is over is cleared away every minute, without reading every session.
CREATE INDEX sessions_seen ON sessions (last_seen_at);
CREATE INDEX sessions_created ON sessions (created_at);
