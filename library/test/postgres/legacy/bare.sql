-- Tables as a script makes them: text for everything, no keys, hardly a column more than needed, and some tables missing.
CREATE TABLE conversation_cache (id text, user_id text, platform text, created_at text);
CREATE TABLE message_cache (id text, conversation_id text, role text, content text, created_at timestamp);
CREATE TABLE cache_embeddings (conversation_id text, text_chunk text, embedding text, embedding_dim text, embedding_model text);
CREATE TABLE usage_metrics (user_id text, tier text, total_requests text, cache_hits bigint, cache_misses bigint);
CREATE TABLE cache_metrics (cache_hits bigint, cache_misses bigint, total_requests bigint, avg_response_time real, recorded_at timestamptz);

INSERT INTO conversation_cache VALUES
  ('A0000000-0000-4000-8000-000000000001', 'guest-ann', 'GUEST', '2025-01-01T10:00:00Z'),
  ('a0000000-0000-4000-8000-000000000002', 'guest-ann', NULL, ''),
  ('a0000000-0000-4000-8000-000000000003', NULL, 'guest', '2025-01-01 12:00:00+02');

INSERT INTO message_cache VALUES
  (NULL, 'a0000000-0000-4000-8000-000000000001', 'user', 'ann 0', '2025-01-01 10:00'),
  ('b0000000-0000-4000-8000-000000000001', 'a0000000-0000-4000-8000-000000000002', 'assistant', 'ann 1', '2025-01-01 10:00'),
  ('b0000000-0000-4000-8000-000000000002', 'a0000000-0000-4000-8000-000000000001', NULL, 'ann 2', '2025-01-01 10:01'),
  ('b0000000-0000-4000-8000-000000000003', 'a0000000-0000-4000-8000-00000000000f', 'user', 'of no conversation', '2025-01-01 10:02'),
  ('b0000000-0000-4000-8000-000000000004', NULL, 'user', 'of none at all', NULL),
  ('b0000000-0000-4000-8000-000000000005', 'a0000000-0000-4000-8000-000000000003', 'user', NULL, '2025-01-01 10:02');

INSERT INTO cache_embeddings VALUES
  ('a0000000-0000-4000-8000-000000000001', 'ann 0', '[1.5, 2.5]', '2', 'multimodalembedding@001'),
  ('a0000000-0000-4000-8000-000000000001', 'ann 2', '"[3.5, 4.5]"', '', 'multimodalembedding@001'),
  ('a0000000-0000-4000-8000-000000000001', 'ann 2', '[]', '0', 'multimodalembedding@001');

INSERT INTO usage_metrics VALUES
  ('guest-ann', 'guest', '7', 1, 6), ('guest-ann', 'guest', '3', NULL, 3), ('guest-ann', 'user', '2', 0, 2), ('guest-bob', NULL, NULL, NULL, NULL);

INSERT INTO cache_metrics VALUES (1, 1, NULL, 10, '2025-01-01 10:10:00+00'), (3, 3, NULL, 50, '2025-01-01 12:20:00+02');
