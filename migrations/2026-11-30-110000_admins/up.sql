-- Who owns the site is asked when a server starts and when somebody deletes their account; there are few among many.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_admins ON users (id) WHERE role = 'admin';
