DROP TABLE untold_notifications;
