-- Answers of models: the durable tier below Redis, what was generated for users, and what callers of the gateway used.
--
-- Tables of these names that something else made are kept whole under another name: their rows bear no key by which
-- an answer could be found.

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['prompt_cache', 'generated_content'] LOOP
    IF to_regclass(name) IS NOT NULL THEN
      EXECUTE format('ALTER TABLE %I RENAME TO %I', name, name || '_earlier');
    END IF;
  END LOOP;
END
$$;

-- An answer under its exact key. The key holds tenant, namespace, upstream and route, so that one index finds it, whatever
-- the size of the table. request and response are JSON as it came, in the order of its fields; recording holds the
-- chunks of a stream. tags are for invalidation alone.
CREATE TABLE prompt_cache (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  cache_key text NOT NULL,
  tenant_id text NOT NULL,
  namespace text NOT NULL DEFAULT '',
  upstream text NOT NULL,
  route text NOT NULL,
  model text NOT NULL,
  prompt_hash text NOT NULL,
  request json NOT NULL,
  response json NOT NULL,
  recording bytea,
  prompt_tokens bigint NOT NULL DEFAULT 0,
  completion_tokens bigint NOT NULL DEFAULT 0,
  cost_usd numeric(20, 10) NOT NULL DEFAULT 0,
  generation_ms double precision NOT NULL DEFAULT 0,
  hit_count bigint NOT NULL DEFAULT 0,
  tags text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX prompt_cache_by_key ON prompt_cache (cache_key);
CREATE INDEX prompt_cache_by_prompt ON prompt_cache (prompt_hash);
CREATE INDEX prompt_cache_by_expiry ON prompt_cache (expires_at);
CREATE INDEX prompt_cache_by_tenant ON prompt_cache (tenant_id, created_at);
-- Most answers have no tags.
CREATE INDEX prompt_cache_by_tags ON prompt_cache USING gin (tags) WHERE tags <> '{}';

-- What the gateway generated for a user, the newest answer last; cache_content_mapping leads here by content_id.
CREATE TABLE generated_content (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id text NOT NULL,
  content_type text NOT NULL,
  model text NOT NULL,
  prompt_hash text NOT NULL,
  content text NOT NULL,
  prompt_tokens bigint NOT NULL DEFAULT 0,
  completion_tokens bigint NOT NULL DEFAULT 0,
  cost_usd numeric(20, 10) NOT NULL DEFAULT 0,
  generation_ms double precision NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX generated_content_by_user ON generated_content (user_id, created_at);

-- What a month's use of the gateway came to, by account and model. usage_metrics has the account's totals.
CREATE TABLE reprise_model_usage (
  user_id text NOT NULL,
  tier text NOT NULL,
  month date NOT NULL,
  model text NOT NULL,
  requests bigint NOT NULL DEFAULT 0,
  hits bigint NOT NULL DEFAULT 0,
  misses bigint NOT NULL DEFAULT 0,
  prompt_tokens bigint NOT NULL DEFAULT 0,
  completion_tokens bigint NOT NULL DEFAULT 0,
  saved_prompt_tokens bigint NOT NULL DEFAULT 0,
  saved_completion_tokens bigint NOT NULL DEFAULT 0,
  cost_usd numeric(24, 10) NOT NULL DEFAULT 0,
  gross_saved_usd numeric(24, 10) NOT NULL DEFAULT 0,
  provider_cache_usd numeric(24, 10) NOT NULL DEFAULT 0,
  unpriced bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, tier, month, model)
);

-- Secrets that servers on one database share. Each is made by whoever comes first, and never changes.
CREATE TABLE reprise_secret (
  name text PRIMARY KEY,
  secret bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
