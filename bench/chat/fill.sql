-- Guests with histories, as appends would have made them. Variables: guests, messages_each
INSERT INTO conversation_cache (id, user_id, platform, message_count, next_seq, content_bytes)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'guest-' || n, 'guest', :messages_each, :messages_each, :messages_each * 69
FROM generate_series(1, :guests) AS n;
INSERT INTO reprise_guest (guest_id, conversation_id)
SELECT 'guest-' || n, lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, :guests) AS n;
INSERT INTO usage_metrics (user_id, tier, total_requests, cache_misses, monthly_request_limit, month_requests)
SELECT 'guest-' || n, 'guest', :messages_each, :messages_each, 100, :messages_each FROM generate_series(1, :guests) AS n;
-- Guests speak in turn, so that a conversation's messages lie apart, as they do in real life.
INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash, timestamp)
SELECT (lpad(to_hex(s), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       lpad(to_hex(n), 32, '0')::uuid, s, CASE s % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, said.content,
       encode(sha256(convert_to(said.content, 'UTF8')), 'hex'), now()
FROM generate_series(0, :messages_each - 1) AS s, generate_series(1, :guests) AS n,
  LATERAL (SELECT rpad('Message ' || s || ' of guest ' || n || ' about a table for two at half past 11', 69, '.')) AS said (content);
INSERT INTO cache_content_mapping (cache_type, cache_id, user_id)
SELECT 'message', m.id, c.user_id FROM message_cache m JOIN conversation_cache c ON c.id = m.conversation_id;
