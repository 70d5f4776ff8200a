DROP INDEX CONCURRENTLY IF EXISTS schedule_entries_owner;
