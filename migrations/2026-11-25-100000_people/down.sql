DROP INDEX broadcasts_recent;
DROP TABLE notification_mutes;
DROP TABLE notifications;
DROP TABLE moderators;
DROP TABLE blocks;
DROP TABLE first_follows;
DROP TABLE follows;
