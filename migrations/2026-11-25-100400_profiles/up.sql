-- Where else members can be found, in the order that they gave.

CREATE TABLE social_links (
    user_id uuid     NOT NULL REFERENCES users ON DELETE CASCADE,
    network text     NOT NULL CHECK (network IN ('github', 'youtube', 'linkedin', 'instagram', 'x', 'facebook')),
    address text     NOT NULL CHECK (address LIKE 'https://%' AND length(address) <= 200),
    place   smallint NOT NULL CHECK (place BETWEEN 1 AND 6),
    PRIMARY KEY (user_id, network),
    UNIQUE (user_id, place)
);
