-- Tables as an ORM makes them: ids as varchar, enums, times without zone, jsonb vectors, foreign keys, triggers, columns
-- of somebody else's, and numbers that were never filled in.
CREATE TYPE speaker AS ENUM ('USER', 'ASSISTANT');
CREATE TYPE platform_kind AS ENUM ('guest', 'user');
CREATE TYPE migration_state AS ENUM ('running', 'completed');

CREATE TABLE conversation_cache (
  id varchar(36) PRIMARY KEY,
  user_id varchar(64) NOT NULL,
  platform platform_kind NOT NULL DEFAULT 'guest',
  message_count integer DEFAULT 0,
  title text NOT NULL,
  created_at timestamp NOT NULL DEFAULT now(),
  updated_at timestamp NOT NULL DEFAULT now()
);
CREATE INDEX conversations_by_use ON conversation_cache (updated_at);

CREATE TABLE message_cache (
  id varchar(36) PRIMARY KEY,
  conversation_id varchar(36) NOT NULL REFERENCES conversation_cache (id) ON DELETE RESTRICT,
  sequence integer,
  role speaker NOT NULL,
  content varchar(4000) NOT NULL CHECK (length(content) < 4000),
  message_hash text GENERATED ALWAYS AS (md5(content::text)) STORED,
  tokens integer NOT NULL,
  timestamp timestamp NOT NULL
);
CREATE INDEX messages_by_conversation ON message_cache (conversation_id varchar_pattern_ops);
CREATE INDEX messages_by_tokens ON message_cache (tokens);

CREATE TABLE cache_embeddings (
  id varchar(36) PRIMARY KEY,
  conversation_id varchar(36) REFERENCES conversation_cache (id),
  text_chunk text,
  embedding jsonb NOT NULL,
  embedding_dim integer,
  embedding_model varchar(100) NOT NULL
);
CREATE INDEX embeddings_by_content ON cache_embeddings USING gin (embedding);

CREATE TABLE usage_metrics (
  id varchar(36) PRIMARY KEY,
  user_id varchar(64) NOT NULL UNIQUE,
  tier varchar(20) NOT NULL CHECK (tier IN ('guest', 'pro')),
  total_requests integer DEFAULT 0,
  cache_hits integer DEFAULT 0,
  cache_misses integer DEFAULT 0,
  monthly_request_limit integer
);

CREATE TABLE cache_content_mapping (
  id varchar(36) PRIMARY KEY,
  cache_type varchar(20) NOT NULL,
  cache_id varchar(36) NOT NULL REFERENCES message_cache (id),
  content_id varchar(36),
  user_id varchar(64) NOT NULL REFERENCES usage_metrics (user_id),
  cache_backend varchar(20) NOT NULL,
  content_backend varchar(20) NOT NULL,
  is_synced integer NOT NULL
);

CREATE TABLE cache_metrics (
  id varchar(36) PRIMARY KEY,
  total_entries integer,
  cache_hits integer,
  cache_misses integer,
  total_requests integer,
  avg_response_time numeric(10, 3),
  avg_generation_time numeric(10, 3),
  storage_size_mb numeric(10, 3),
  recorded_at timestamp NOT NULL
);

CREATE TABLE cache_migrations (
  id varchar(36) PRIMARY KEY,
  version varchar(10) NOT NULL,
  migration_type varchar(40) NOT NULL,
  status migration_state NOT NULL,
  records_migrated integer,
  records_failed integer,
  started_at timestamp,
  completed_at timestamp,
  source varchar(40),
  destination varchar(40),
  notes text
);

-- Somebody else's tables that point here.
CREATE TABLE rating (message_id varchar(36) NOT NULL REFERENCES message_cache (id), stars integer NOT NULL);
CREATE TABLE pinned (conversation_id varchar(36) NOT NULL REFERENCES conversation_cache (id) ON DELETE CASCADE);

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := '2000-01-01'; RETURN NEW; END $$;
CREATE TRIGGER touch_conversation BEFORE UPDATE ON conversation_cache FOR EACH ROW EXECUTE FUNCTION touch();

INSERT INTO conversation_cache (id, user_id, platform, message_count, title, created_at, updated_at) VALUES
  ('a0000000-0000-4000-8000-000000000001', 'guest-ann', 'guest', 9, 'first', '2025-01-01 10:00', '2025-01-01 11:00'),
  ('a0000000-0000-4000-8000-000000000002', 'guest-ann', 'guest', 0, 'second', '2025-01-02 10:00', '2025-01-03 11:00'),
  ('a0000000-0000-4000-8000-000000000003', 'guest-bob', 'guest', 3, 'numbered', '2025-01-01 10:00', '2025-01-01 12:00'),
  ('a0000000-0000-4000-8000-000000000004', 'user-eve', 'user', 1, 'migrated', '2025-01-01 10:00', '2025-01-01 12:00'),
  ('a0000000-0000-4000-8000-000000000005', 'user-eve', 'user', 1, 'migrated too', '2025-01-01 10:00', '2025-01-01 12:00');

-- Ann's messages are not numbered, and her conversations overlap in time; two of them came in one second.
INSERT INTO message_cache (id, conversation_id, sequence, role, content, tokens, timestamp) VALUES
  ('b0000000-0000-4000-8000-000000000009', 'a0000000-0000-4000-8000-000000000001', NULL, 'USER', 'ann 0', 1, '2025-01-01 10:00:00'),
  ('b0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', NULL, 'ASSISTANT', 'ann 1', 1, '2025-01-01 10:00:00'),
  ('b0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000002', 0, 'USER', 'ann 3', 1, '2025-01-02 10:00:00'),
  ('b0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', NULL, 'USER', 'ann 2 – żółw 🐢', 1, '2025-01-01 10:00:01'),
  ('b0000000-0000-4000-8000-000000000004', 'a0000000-0000-4000-8000-000000000002', 1, 'ASSISTANT', 'ann 4', 1, '2025-01-02 10:00:01'),
-- Bob's are numbered from 1, with a number given twice and one missing; their times say nothing.
  ('b0000000-0000-4000-8000-000000000011', 'a0000000-0000-4000-8000-000000000003', 1, 'USER', 'bob 0', 1, '2025-01-01 12:00:00'),
  ('b0000000-0000-4000-8000-000000000012', 'a0000000-0000-4000-8000-000000000003', 2, 'ASSISTANT', 'bob 1', 1, '2025-01-01 10:00:00'),
  ('b0000000-0000-4000-8000-000000000013', 'a0000000-0000-4000-8000-000000000003', 2, 'USER', 'bob 2', 1, '2025-01-01 11:00:00'),
  ('b0000000-0000-4000-8000-000000000014', 'a0000000-0000-4000-8000-000000000003', 5, 'ASSISTANT', 'bob 3', 1, '2025-01-01 09:00:00'),
  ('b0000000-0000-4000-8000-000000000021', 'a0000000-0000-4000-8000-000000000004', 0, 'USER', 'eve 0', 1, '2025-01-01 09:00:00'),
  ('b0000000-0000-4000-8000-000000000022', 'a0000000-0000-4000-8000-000000000005', 0, 'USER', 'eve 0', 1, '2025-01-01 09:00:00');

INSERT INTO cache_embeddings VALUES
  ('c0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000001', 'ann 0', '[0.25, -1, 1e-42, 3]', 4, 'multimodalembedding@001'),
  ('c0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000002', 'ann 3', '[1, 2]', NULL, 'multimodalembedding@001'),
  ('c0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-000000000003', 'nothing that bob said', '[5]', 1, 'other');

INSERT INTO usage_metrics VALUES
  ('d0000000-0000-4000-8000-000000000001', 'guest-ann', 'guest', 5, NULL, 5, 100),
  ('d0000000-0000-4000-8000-000000000002', 'guest-bob', 'guest', 4, 0, 4, NULL),
  ('d0000000-0000-4000-8000-000000000003', 'user-eve', 'pro', 2, 1, 1, 5000);

INSERT INTO cache_content_mapping VALUES
  ('e0000000-0000-4000-8000-000000000001', 'message', 'b0000000-0000-4000-8000-000000000009', NULL, 'guest-ann', 'postgresql', 'postgresql', 1),
  ('e0000000-0000-4000-8000-000000000002', 'message', 'b0000000-0000-4000-8000-000000000009', 'f0000000-0000-4000-8000-000000000001', 'guest-ann', 'postgresql', 'postgresql', 0),
  ('e0000000-0000-4000-8000-000000000003', 'message', 'b0000000-0000-4000-8000-000000000021', NULL, 'user-eve', 'postgresql', 'postgresql', 1);

INSERT INTO cache_metrics VALUES
  ('10000000-0000-4000-8000-000000000001', 4, 6, 4, 10, 100, 50, 1.5, '2025-01-01 10:05'),
  ('10000000-0000-4000-8000-000000000002', 5, 10, 20, 30, 20, 10, 2.5, '2025-01-01 10:59:59.999'),
  ('10000000-0000-4000-8000-000000000003', 5, 0, 0, 0, 0, NULL, 2.5, '2025-01-01 10:30'),
  ('10000000-0000-4000-8000-000000000004', 7, 1, 0, 1, 5, NULL, 3.5, '2025-01-01 11:00');

INSERT INTO cache_migrations VALUES
  ('20000000-0000-4000-8000-000000000001', '1.0', 'guest_to_user', 'completed', 2, 0, '2025-01-01 13:00', '2025-01-01 13:00',
   'guest_session', 'authenticated_user', 'Migrated 2 conversations with 2 messages from guest guest-eve');

INSERT INTO rating VALUES ('b0000000-0000-4000-8000-000000000009', 5);
INSERT INTO pinned VALUES ('a0000000-0000-4000-8000-000000000002');
