-- The extension stays: others may use it.
DROP INDEX IF EXISTS channels_search_words;
ALTER TABLE broadcasts DROP COLUMN search;
DROP TRIGGER users_search ON users;
DROP TRIGGER channels_search ON channels;
ALTER TABLE channels DROP COLUMN search_words, DROP COLUMN search;
DROP FUNCTION search_follow_user();
DROP FUNCTION search_fill_channel();
DROP FUNCTION search_document(text, text, text, text);
DROP FUNCTION search_query(text);
DROP FUNCTION search_text(text);
