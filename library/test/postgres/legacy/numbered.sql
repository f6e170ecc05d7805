-- Tables written by hand: numbers as ids, times without zone, keys between them, no sequence, columns of somebody else's.
CREATE TABLE conversation_cache (
  id serial PRIMARY KEY CHECK (id > 0),
  user_id text NOT NULL,
  platform text DEFAULT 'guest',
  created_at timestamp DEFAULT now()
);
CREATE TABLE message_cache (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  conversation_id integer NOT NULL REFERENCES conversation_cache ON DELETE CASCADE,
  role text NOT NULL,
  content text NOT NULL,
  language char(2) NOT NULL DEFAULT 'en',
  timestamp timestamp
);
CREATE INDEX messages_of ON message_cache (conversation_id);
CREATE TABLE cache_embeddings (
  id serial PRIMARY KEY,
  conversation_id integer REFERENCES conversation_cache,
  message_id bigint REFERENCES message_cache,
  text_chunk text,
  embedding double precision[],
  embedding_dim integer,
  embedding_model text
);
CREATE TABLE usage_metrics (
  id serial PRIMARY KEY,
  user_id text UNIQUE,
  tier text,
  total_requests integer,
  cache_hits integer,
  cache_misses integer
);
CREATE TABLE cache_content_mapping (
  id serial PRIMARY KEY,
  cache_type text,
  cache_id bigint REFERENCES message_cache ON DELETE CASCADE,
  content_id integer,
  user_id text,
  cache_backend text,
  content_backend text,
  is_synced boolean
);
CREATE TABLE cache_metrics (id serial PRIMARY KEY, cache_hits integer, cache_misses integer, recorded_at timestamp);
CREATE TABLE rating (message_id bigint REFERENCES message_cache ON DELETE CASCADE, stars integer);

CREATE VIEW words AS SELECT m.id, c.user_id, m.content FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id;
CREATE VIEW long_words AS SELECT * FROM words WHERE length(content) > 3;
COMMENT ON VIEW words IS 'who said what';
GRANT SELECT ON words TO PUBLIC;
CREATE MATERIALIZED VIEW word_counts AS SELECT user_id, count(*) AS words FROM words GROUP BY user_id;
CREATE UNIQUE INDEX word_counts_by_user ON word_counts (user_id);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.language := ''xx''; RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON message_cache FOR EACH ROW EXECUTE FUNCTION touch();

INSERT INTO conversation_cache (user_id, created_at) VALUES ('guest-ann', '2025-01-01 10:00'), ('guest-bob', '2025-01-02 10:00');
INSERT INTO message_cache (conversation_id, role, content, timestamp) VALUES
  (2, 'user', 'ahoy', '2025-01-02 10:00'),
  (1, 'user', 'one', '2025-01-01 10:00'), (1, 'assistant', 'two', '2025-01-01 10:00'),
  (1, 'user', 'three', '2025-01-01 10:00'), (1, 'assistant', 'four', '2025-01-01 10:00');
ALTER TABLE message_cache DISABLE TRIGGER touch;
-- The row moves to the end of the table, and keeps its number.
UPDATE message_cache SET content = 'two!' WHERE content = 'two';
ALTER TABLE message_cache ENABLE TRIGGER touch;
INSERT INTO cache_embeddings (conversation_id, message_id, text_chunk, embedding, embedding_dim, embedding_model)
VALUES (1, 2, 'one', '{0.25, -1, 3}', 3, 'older');
INSERT INTO usage_metrics (user_id, tier, total_requests, cache_hits, cache_misses) VALUES
  ('guest-ann', 'guest', 4, 0, 4), ('guest-bob', 'guest', 1, 0, 1);
INSERT INTO cache_content_mapping (cache_type, cache_id, content_id, user_id, cache_backend, content_backend, is_synced)
VALUES ('message', 2, 17, 'guest-ann', 'postgresql', 'postgresql', true);
INSERT INTO cache_metrics (cache_hits, cache_misses, recorded_at) VALUES (3, 1, '2025-01-01 10:20');
INSERT INTO rating VALUES (2, 5);
REFRESH MATERIALIZED VIEW word_counts;
