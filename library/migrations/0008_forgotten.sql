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
