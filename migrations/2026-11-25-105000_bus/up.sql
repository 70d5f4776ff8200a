-- What servers tell each other while Redis is away. Rows live for half a minute.

CREATE TABLE bus_messages (
    -- The server that says it, by the id of its node.
    origin     uuid        NOT NULL,
    -- Its number among everything that server said.
    sequence   bigint      NOT NULL CHECK (sequence > 0),
    message    text        NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (origin, sequence)
);
CREATE INDEX bus_messages_old ON bus_messages (written_at);
