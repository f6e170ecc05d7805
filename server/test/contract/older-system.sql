-- Tables as an older system made them by hand, with guests who have talked.
CREATE TABLE conversation_cache (
  id uuid PRIMARY KEY,
  user_id varchar(255) NOT NULL,
  platform varchar(50) DEFAULT 'guest',
  message_count integer DEFAULT 0,
  created_at timestamp DEFAULT now(),
  updated_at timestamp DEFAULT now()
);
CREATE TABLE message_cache (
  id uuid PRIMARY KEY,
  conversation_id uuid REFERENCES conversation_cache (id) ON DELETE CASCADE,
  sequence integer,
  role varchar(20) NOT NULL,
  content text NOT NULL,
  message_hash varchar(64),
  timestamp timestamp DEFAULT now()
);
CREATE TABLE usage_metrics (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id varchar(255) NOT NULL,
  tier varchar(50) DEFAULT 'guest',
  total_requests integer DEFAULT 0,
  cache_hits integer DEFAULT 0,
  cache_misses integer DEFAULT 0,
  monthly_request_limit integer DEFAULT 100
);
INSERT INTO conversation_cache (id, user_id, platform, message_count) VALUES
  ('00000000-0000-4000-8000-000000000001', 'old-numbered', 'guest', 3),
  ('00000000-0000-4000-8000-000000000002', 'old-unnumbered', 'guest', 0),
  ('00000000-0000-4000-8000-000000000003', 'old-both', 'guest', 1);
INSERT INTO message_cache (id, conversation_id, sequence, role, content, message_hash, timestamp) VALUES
  ('00000000-0000-4000-9000-000000000001', '00000000-0000-4000-8000-000000000001', 0, 'user', 'numbered 0', NULL, '2025-01-01 10:00'),
  ('00000000-0000-4000-9000-000000000002', '00000000-0000-4000-8000-000000000001', 1, 'assistant', 'numbered 1', NULL, '2025-01-01 10:01'),
  ('00000000-0000-4000-9000-000000000003', '00000000-0000-4000-8000-000000000001', 2, 'user', 'numbered 2', NULL, '2025-01-01 10:02'),
  ('00000000-0000-4000-9000-000000000004', '00000000-0000-4000-8000-000000000002', NULL, 'assistant', 'unnumbered 1', NULL, '2025-01-01 11:01'),
  ('00000000-0000-4000-9000-000000000005', '00000000-0000-4000-8000-000000000002', NULL, 'user', 'unnumbered 0', NULL, '2025-01-01 11:00'),
  ('00000000-0000-4000-9000-000000000006', '00000000-0000-4000-8000-000000000003', 0, 'user', 'both 0', NULL, '2025-01-01 12:00');
INSERT INTO usage_metrics (user_id, total_requests, cache_misses) VALUES ('old-numbered', 3, 3);
