-- The same five rows in one statement: one round trip and one commit for a message. Variables: conversations
\set number random(1, :conversations)
WITH place AS (
  UPDATE conversation_cache
  SET next_seq = next_seq + 1, message_count = message_count + 1, content_bytes = content_bytes + 69, updated_at = now()
  WHERE id = lpad(to_hex(:number::int), 32, '0')::uuid
  RETURNING id, user_id, next_seq - 1 AS sequence
), message AS (
  INSERT INTO message_cache (conversation_id, sequence, role, content, message_hash, timestamp)
  SELECT id, sequence, 'user', 'I want to make a restaurant reservation for 2 people at half past 11.',
         'c5d4ec0a1ee8f7f7d0c38a5b0f4b4d5a8e0a3b7b3a4f6f1c9d2e5b7a6c8d9e0f', now()
  FROM place
  RETURNING id, conversation_id
), mapping AS (
  INSERT INTO cache_content_mapping (cache_type, cache_id, user_id)
  SELECT 'message', message.id, place.user_id FROM message, place
), counted AS (
  INSERT INTO usage_metrics AS u (user_id, tier, total_requests, cache_misses, monthly_request_limit, month_requests)
  SELECT user_id, 'guest', 1, 1, 100, 1 FROM place
  ON CONFLICT (user_id, tier) DO UPDATE
  SET total_requests = u.total_requests + 1, cache_misses = u.cache_misses + 1, month_requests = u.month_requests + 1,
      updated_at = now()
)
INSERT INTO reprise_outbox (message_id, conversation_id) SELECT id, conversation_id FROM message;
