DROP TABLE live_streams;
DROP TABLE broadcasts;
DROP TABLE nodes;
