ALTER TABLE live_streams DROP COLUMN preview_told_at, DROP COLUMN preview;
ALTER TABLE channels DROP COLUMN thumbnail;
ALTER TABLE users DROP COLUMN avatar;
DROP TABLE pictures;
