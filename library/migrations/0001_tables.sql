-- The tables of the contract and those of our own. Each row of a contract table can be read by users' own SQL.

CREATE FUNCTION reprise_month(moment timestamptz) RETURNS date LANGUAGE sql STABLE AS $$
  SELECT date_trunc('month', moment AT TIME ZONE 'UTC')::date
$$;

CREATE TABLE conversation_cache (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL,
  platform text NOT NULL,
  message_count bigint NOT NULL DEFAULT 0,
  next_seq bigint NOT NULL DEFAULT 0,
  content_bytes bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX conversation_cache_one_per_guest ON conversation_cache (user_id) WHERE platform = 'guest';
CREATE INDEX conversation_cache_by_user ON conversation_cache (user_id) WHERE platform <> 'guest';

CREATE TABLE message_cache (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id uuid NOT NULL,
  sequence bigint NOT NULL,
  role text NOT NULL,
  content text NOT NULL,
  message_hash text NOT NULL,
  timestamp timestamptz NOT NULL DEFAULT now(),
  UNIQUE (conversation_id, sequence)
);

CREATE TABLE cache_embeddings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  conversation_id uuid NOT NULL,
  message_id uuid UNIQUE,
  text_chunk text NOT NULL,
  embedding json NOT NULL,
  embedding_binary bytea NOT NULL,
  embedding_dim integer NOT NULL CHECK (embedding_dim > 0),
  embedding_model text NOT NULL,
  truncated boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX cache_embeddings_by_conversation ON cache_embeddings (conversation_id);

CREATE TABLE cache_metrics (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  total_entries bigint NOT NULL DEFAULT 0,
  cache_hits bigint NOT NULL DEFAULT 0,
  cache_misses bigint NOT NULL DEFAULT 0,
  total_requests bigint NOT NULL DEFAULT 0,
  avg_response_time double precision NOT NULL DEFAULT 0,
  avg_generation_time double precision NOT NULL DEFAULT 0,
  storage_size_mb double precision NOT NULL DEFAULT 0,
  recorded_at timestamptz NOT NULL UNIQUE,
  response_count bigint NOT NULL DEFAULT 0,
  generation_count bigint NOT NULL DEFAULT 0
);

CREATE TABLE cache_migrations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  version text NOT NULL DEFAULT '1.0',
  migration_type text NOT NULL,
  status text NOT NULL,
  records_migrated bigint NOT NULL DEFAULT 0,
  records_failed bigint NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  source text NOT NULL,
  destination text NOT NULL,
  notes text,
  guest_id text,
  user_id text,
  messages_migrated bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX cache_migrations_one_completed ON cache_migrations (guest_id)
  WHERE status = 'completed' AND migration_type = 'guest_to_user';

CREATE TABLE usage_metrics (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL,
  tier text NOT NULL,
  total_requests bigint NOT NULL DEFAULT 0,
  cache_hits bigint NOT NULL DEFAULT 0,
  cache_misses bigint NOT NULL DEFAULT 0,
  monthly_request_limit integer,
  month date NOT NULL DEFAULT reprise_month(now()),
  month_requests bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, tier)
) WITH (fillfactor = 80);

CREATE TABLE cache_content_mapping (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cache_type text NOT NULL,
  cache_id uuid NOT NULL,
  content_id uuid,
  user_id text NOT NULL,
  cache_backend text NOT NULL DEFAULT 'postgresql',
  content_backend text NOT NULL DEFAULT 'postgresql',
  is_synced boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (cache_id, cache_type)
);
CREATE INDEX cache_content_mapping_by_user ON cache_content_mapping (user_id);
CREATE INDEX cache_content_mapping_unsynced ON cache_content_mapping (user_id) WHERE NOT is_synced;

-- A guest's first epoch is the time in milliseconds: where a database was lost and Redis kept its copies, none of them
-- passes for one of the new database.
CREATE FUNCTION reprise_first_epoch() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- A guest: its one conversation, its secret, and the epoch that fences copies and late workers. It holds no content and
-- outlives erasing.
CREATE TABLE reprise_guest (
  guest_id text PRIMARY KEY,
  conversation_id uuid,
  epoch bigint NOT NULL DEFAULT reprise_first_epoch(),
  migrated_to text,
  secret_hash text,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE reprise_idempotency (
  conversation_id uuid NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  message_id uuid NOT NULL,
  sequence bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (conversation_id, key)
);
CREATE INDEX reprise_idempotency_by_age ON reprise_idempotency (created_at);

-- Messages that wait for their embedding. claimed_until is in the past for what is free to take.
CREATE TABLE reprise_outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  message_id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL DEFAULT now(),
  dead boolean NOT NULL DEFAULT false,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reprise_outbox_due ON reprise_outbox (due_at) WHERE NOT dead;
CREATE INDEX reprise_outbox_by_conversation ON reprise_outbox (conversation_id);

-- Deletions that the fast copy owes, and those it has carried out lately: a Redis that comes back with an older snapshot
-- owes them again.
CREATE TABLE reprise_copy_deletion (
  guest_id text PRIMARY KEY,
  epoch bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz
);
CREATE INDEX reprise_copy_deletion_owed ON reprise_copy_deletion (created_at) WHERE settled_at IS NULL;

-- The last flush of hourly counts that each process had added, so that one tried again is not counted twice.
CREATE TABLE reprise_metrics_flush (
  source uuid PRIMARY KEY,
  number bigint NOT NULL,
  flushed_at timestamptz NOT NULL DEFAULT now()
);
