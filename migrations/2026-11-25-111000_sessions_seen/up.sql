-- What is over is cleared away every minute, without reading every session.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_seen ON sessions (last_seen_at);
