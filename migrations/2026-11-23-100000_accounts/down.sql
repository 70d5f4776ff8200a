DROP TABLE owner_links;
DROP TABLE sessions;
DROP TABLE stats;
DROP TABLE users;
