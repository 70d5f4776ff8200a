-- Full-text search over channels and past broadcasts, without regard to case and accents.
-- It needs no extension; where pg_trgm can be had, it also finds what was mistyped.

-- A text in the form that is compared: words in lower case without accents, with single blanks between.
-- The database may have the C locale, whose lower() knows ASCII only, so the function names a collation that knows more.
DO $$
DECLARE
    known text;
BEGIN
    SELECT quote_ident(nspname) || '.' || quote_ident(collname) INTO known
    FROM pg_collation
    JOIN pg_namespace ON pg_namespace.oid = collnamespace
    JOIN unnest(ARRAY['und-x-icu', 'pg_c_utf8', 'C.utf8', 'C.UTF-8', 'en_US.utf8', 'default'])
        WITH ORDINALITY AS preferred (name, place) ON preferred.name = collname
    WHERE nspname = 'pg_catalog' AND collencoding IN (-1, 6)
    ORDER BY place
    LIMIT 1;
    EXECUTE format($make$
        CREATE FUNCTION search_text(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $body$
            SELECT btrim(regexp_replace(
                replace(translate(
                    lower(regexp_replace(normalize($1, NFKD), '[\u0300-\u036f]', '', 'g') COLLATE %s),
                    'øđłıħŧ', 'odliht'
                ), 'ß', 'ss'),
                '[\s!-/:-@\[-`{-~]+', ' ', 'g'
            ))
        $body$
    $make$, known);
END
$$;

-- A term as a query: every word must begin a word of the text. The words are quoted, so nothing in them is an operator.
CREATE FUNCTION search_query(text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(quote_literal(word) || ':*', ' & ')::tsquery
    FROM (SELECT word FROM unnest(string_to_array(search_text($1), ' ')) AS word WHERE word <> '' LIMIT 10) AS words
$$;

ALTER TABLE channels
    -- Names before the title, the title before what they say about themselves.
    ADD COLUMN search tsvector NOT NULL DEFAULT '',
    -- Names and title as text, to compare by likeness.
    ADD COLUMN search_words text NOT NULL DEFAULT '';

CREATE FUNCTION search_document(username text, display_name text, title text, bio text)
RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('pg_catalog.simple', search_text(username || ' ' || display_name)), 'A')
        || setweight(to_tsvector('pg_catalog.simple', search_text(title)), 'B')
        || setweight(to_tsvector('pg_catalog.simple', search_text(bio)), 'D')
$$;

CREATE FUNCTION search_fill_channel() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT search_document(username, display_name, NEW.title, bio),
           search_text(username || ' ' || display_name || ' ' || NEW.title)
    INTO NEW.search, NEW.search_words
    FROM users WHERE id = NEW.user_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER channels_search BEFORE INSERT OR UPDATE OF title ON channels
    FOR EACH ROW EXECUTE FUNCTION search_fill_channel();

-- The trigger above does the work.
CREATE FUNCTION search_follow_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE channels SET title = title WHERE user_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_search AFTER UPDATE OF username, display_name, bio ON users
    FOR EACH ROW EXECUTE FUNCTION search_follow_user();

UPDATE channels SET title = title;
CREATE INDEX channels_search ON channels USING gin (search);

ALTER TABLE broadcasts
    ADD COLUMN search tsvector NOT NULL
        GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple', search_text(title))) STORED;
CREATE INDEX broadcasts_search ON broadcasts USING gin (search);

-- Where pg_trgm is missing or not allowed, nothing is found by likeness, and all else works.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX channels_search_words ON channels USING gin (search_words gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'pg_trgm is not available: nothing is found by likeness';
END
$$;
