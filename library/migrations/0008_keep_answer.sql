-- Keeping and forgetting answers, so that one that was invalidated while it was made never comes back.

-- What an upstream did not say is not known.
ALTER TABLE prompt_cache
  ALTER COLUMN prompt_tokens DROP NOT NULL, ALTER COLUMN prompt_tokens DROP DEFAULT,
  ALTER COLUMN completion_tokens DROP NOT NULL, ALTER COLUMN completion_tokens DROP DEFAULT,
  ALTER COLUMN cost_usd DROP NOT NULL, ALTER COLUMN cost_usd DROP DEFAULT;

-- Each time something was forgotten: of one tenant, or of all (NULL). Numbers rise in the order of commits, because
-- whoever forgets is alone.
CREATE TABLE reprise_forgotten (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text,
  forgotten_at timestamptz NOT NULL DEFAULT now()
);

-- Whoever forgets is alone; those who keep wait for it and see what it did. Called before the statement that is to see it.
CREATE FUNCTION reprise_answers_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT 7305808720::bigint $$;

-- Keeps an answer in place of one under the same key, with what it is for its user; false when something of its tenant was
-- forgotten since the fence was read. Each statement here sees what was committed before the lock was granted.
CREATE FUNCTION reprise_keep_answer(
  p_fence bigint, p_id uuid, p_key text, p_tenant text, p_namespace text, p_upstream text, p_route text, p_model text,
  p_prompt_hash text, p_request json, p_response json, p_recording bytea, p_prompt_tokens bigint,
  p_completion_tokens bigint, p_cost_usd numeric, p_generation_ms double precision, p_created_at timestamptz,
  p_expires_at timestamptz, p_tags text[], p_content_id uuid, p_user text, p_content text
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  kept uuid;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(reprise_answers_lock());
  IF EXISTS (SELECT FROM reprise_forgotten f
             WHERE f.number > p_fence AND (f.tenant_id IS NULL OR f.tenant_id = p_tenant)) THEN
    RETURN false;
  END IF;
  INSERT INTO prompt_cache AS a (
    id, cache_key, tenant_id, namespace, upstream, route, model, prompt_hash, request, response, recording,
    prompt_tokens, completion_tokens, cost_usd, generation_ms, created_at, expires_at, tags
  ) VALUES (
    p_id, p_key, p_tenant, p_namespace, p_upstream, p_route, p_model, p_prompt_hash, p_request, p_response, p_recording,
    p_prompt_tokens, p_completion_tokens, p_cost_usd, p_generation_ms, p_created_at, p_expires_at, p_tags
  )
  ON CONFLICT (cache_key) DO UPDATE SET
    request = excluded.request, response = excluded.response, recording = excluded.recording,
    prompt_tokens = excluded.prompt_tokens, completion_tokens = excluded.completion_tokens,
    cost_usd = excluded.cost_usd, generation_ms = excluded.generation_ms, created_at = excluded.created_at,
    expires_at = excluded.expires_at, tags = excluded.tags
  RETURNING a.id INTO kept;

  INSERT INTO generated_content (
    id, user_id, content_type, model, prompt_hash, content, prompt_tokens, completion_tokens, cost_usd, generation_ms,
    created_at
  ) VALUES (
    p_content_id, p_user, p_route, p_model, p_prompt_hash, p_content, coalesce(p_prompt_tokens, 0),
    coalesce(p_completion_tokens, 0), coalesce(p_cost_usd, 0), p_generation_ms, p_created_at
  );
  -- An answer that was made again leads to what was generated last.
  INSERT INTO cache_content_mapping AS m (id, cache_type, cache_id, content_id, user_id)
  VALUES (p_content_id, 'generated', kept, p_content_id, p_user)
  ON CONFLICT (cache_id, cache_type) DO UPDATE SET content_id = excluded.content_id, user_id = excluded.user_id;
  RETURN true;
END
$$;
