DROP TABLE stream_keys;
DROP TABLE channels;
