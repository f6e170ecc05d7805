-- One message in five statements: what a careful chat back end does without gathering. Variables: conversations
\set number random(1, :conversations)
BEGIN;
UPDATE conversation_cache
SET next_seq = next_seq + 1, message_count = message_count + 1, content_bytes = content_bytes + 69, updated_at = now()
WHERE id = lpad(to_hex(:number::int), 32, '0')::uuid
RETURNING next_seq - 1 AS sequence \gset
INSERT INTO message_cache (conversation_id, sequence, role, content, message_hash, timestamp)
VALUES (lpad(to_hex(:number::int), 32, '0')::uuid, :sequence::bigint, 'user',
        'I want to make a restaurant reservation for 2 people at half past 11.',
        'c5d4ec0a1ee8f7f7d0c38a5b0f4b4d5a8e0a3b7b3a4f6f1c9d2e5b7a6c8d9e0f', now())
RETURNING id AS message \gset
INSERT INTO cache_content_mapping (cache_type, cache_id, user_id)
VALUES ('message', :message::uuid, 'guest-' || :number::int);
INSERT INTO usage_metrics AS u (user_id, tier, total_requests, cache_misses, monthly_request_limit, month_requests)
VALUES ('guest-' || :number::int, 'guest', 1, 1, 100, 1)
ON CONFLICT (user_id, tier) DO UPDATE
SET total_requests = u.total_requests + 1, cache_misses = u.cache_misses + 1, month_requests = u.month_requests + 1,
    updated_at = now();
INSERT INTO reprise_outbox (message_id, conversation_id)
VALUES (:message::uuid, lpad(to_hex(:number::int), 32, '0')::uuid);
END;
