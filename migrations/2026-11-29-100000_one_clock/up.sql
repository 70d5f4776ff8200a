-- What is shown or told in the order of its ids gets them from this clock: those of the servers differ, and are set now and
-- then, and what a server with a wrong clock wrote would be out of order for as long as that goes wrong.

-- A version 7 id (RFC 9562): milliseconds, then 12 bits of fractions of one (6.2, method 3), then chance.
CREATE FUNCTION new_id() RETURNS uuid LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
DECLARE
    micros constant bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
BEGIN
    RETURN (lpad(to_hex(micros / 1000), 12, '0') || to_hex(28672 + micros % 1000 * 4096 / 1000)
            || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid;
END
$$;

ALTER TABLE chat_messages ALTER COLUMN id SET DEFAULT new_id();
ALTER TABLE moderation_log ALTER COLUMN id SET DEFAULT new_id();
ALTER TABLE notifications ALTER COLUMN id SET DEFAULT new_id();
-- When it was written and not when its transaction began: of two that waited for each other the later one is told later.
ALTER TABLE outbox ALTER COLUMN written_at SET DEFAULT clock_timestamp();
