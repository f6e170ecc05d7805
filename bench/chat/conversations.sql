-- The guests and conversations that pgbench writes to, and their usage rows, as first messages make them. :conversations
INSERT INTO conversation_cache (id, user_id, platform)
SELECT lpad(to_hex(n), 32, '0')::uuid, 'guest-' || n, 'guest' FROM generate_series(1, :conversations) AS n;
INSERT INTO reprise_guest (guest_id, conversation_id)
SELECT 'guest-' || n, lpad(to_hex(n), 32, '0')::uuid FROM generate_series(1, :conversations) AS n;
INSERT INTO usage_metrics (user_id, tier, monthly_request_limit)
SELECT 'guest-' || n, 'guest', 100 FROM generate_series(1, :conversations) AS n;
