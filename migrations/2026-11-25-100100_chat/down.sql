DROP TABLE moderation_log;
DROP TABLE chat_pins;
DROP TABLE chat_timeouts;
DROP TABLE chat_reactions;
DROP TABLE chat_messages;
DROP TABLE chat_settings;
