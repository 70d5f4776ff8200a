-- For the same, by the age of a session.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_created ON sessions (created_at);
