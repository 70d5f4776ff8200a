-- Every lesson of a channel, the cancelled ones too: for who takes their data away, and for the deletion of an account.
CREATE INDEX CONCURRENTLY IF NOT EXISTS schedule_entries_owner ON schedule_entries (channel_id, starts_at);
