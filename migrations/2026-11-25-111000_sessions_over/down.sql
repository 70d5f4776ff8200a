DROP INDEX sessions_created;
DROP INDEX sessions_seen;
