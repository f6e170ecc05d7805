import type { StoredUsage, UsageCounts, UsageStore } from '../../ports/usage.ts'
import { statement } from './builder.ts'
import type { Database } from './database.ts'

// One statement, and so one transaction: the flush is noted and added, or neither. Rows are locked in one order, the
// accounts' in that of appends, so that servers that flush at once cannot wait for each other in a circle.
const addSql = `
WITH noted AS (
  INSERT INTO reprise_metrics_flush AS known (source, number) VALUES ($1, $2)
  ON CONFLICT (source) DO UPDATE SET number = excluded.number, flushed_at = now() WHERE known.number < excluded.number
  RETURNING 1
), item AS MATERIALIZED (
  SELECT u.* FROM noted CROSS JOIN jsonb_to_recordset($3::jsonb) AS u (
    id text, tier text, month date, model text, requests bigint, hits bigint, misses bigint, "promptTokens" bigint,
    "completionTokens" bigint, "savedPromptTokens" bigint, "savedCompletionTokens" bigint, "costUsd" numeric,
    "grossSavedUsd" numeric, "providerCacheUsd" numeric, unpriced bigint)
), account AS (
  INSERT INTO usage_metrics AS u (user_id, tier, total_requests, cache_hits, cache_misses, month, month_requests)
  SELECT i.id, i.tier, sum(i.requests), sum(i.hits), sum(i.misses), max(i.month),
         sum(i.requests) FILTER (WHERE i.month = m.latest)
  FROM item i JOIN (SELECT id, tier, max(month) AS latest FROM item GROUP BY id, tier) m USING (id, tier)
  GROUP BY i.tier, i.id ORDER BY i.tier, i.id
  ON CONFLICT (user_id, tier) DO UPDATE SET
    total_requests = u.total_requests + excluded.total_requests,
    cache_hits = u.cache_hits + excluded.cache_hits,
    cache_misses = u.cache_misses + excluded.cache_misses,
    month_requests = CASE WHEN u.month > excluded.month THEN u.month_requests
                          WHEN u.month = excluded.month THEN u.month_requests + excluded.month_requests
                          ELSE excluded.month_requests END,
    month = greatest(u.month, excluded.month),
    updated_at = now()
)
INSERT INTO reprise_model_usage AS u (
  user_id, tier, month, model, requests, hits, misses, prompt_tokens, completion_tokens, saved_prompt_tokens,
  saved_completion_tokens, cost_usd, gross_saved_usd, provider_cache_usd, unpriced
)
SELECT id, tier, month, model, requests, hits, misses, "promptTokens", "completionTokens", "savedPromptTokens",
       "savedCompletionTokens", "costUsd", "grossSavedUsd", "providerCacheUsd", unpriced
FROM item ORDER BY tier, id, month, model
ON CONFLICT (user_id, tier, month, model) DO UPDATE SET
  requests = u.requests + excluded.requests, hits = u.hits + excluded.hits, misses = u.misses + excluded.misses,
  prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
  completion_tokens = u.completion_tokens + excluded.completion_tokens,
  saved_prompt_tokens = u.saved_prompt_tokens + excluded.saved_prompt_tokens,
  saved_completion_tokens = u.saved_completion_tokens + excluded.saved_completion_tokens,
  cost_usd = u.cost_usd + excluded.cost_usd, gross_saved_usd = u.gross_saved_usd + excluded.gross_saved_usd,
  provider_cache_usd = u.provider_cache_usd + excluded.provider_cache_usd,
  unpriced = u.unpriced + excluded.unpriced, updated_at = now()`

const totalsSql = `
SELECT coalesce(sum(total_requests), 0)::bigint AS "totalRequests", coalesce(sum(cache_hits), 0)::bigint AS "cacheHits",
       coalesce(sum(cache_misses), 0)::bigint AS "cacheMisses"
FROM usage_metrics WHERE CASE WHEN $1::text IS NULL THEN tier <> 'guest' ELSE user_id = $1 AND tier = $2 END`

const modelsSql = `
SELECT model, sum(requests)::bigint AS requests, sum(hits)::bigint AS hits, sum(misses)::bigint AS misses,
       sum(prompt_tokens)::bigint AS "promptTokens", sum(completion_tokens)::bigint AS "completionTokens",
       sum(saved_prompt_tokens)::bigint AS "savedPromptTokens",
       sum(saved_completion_tokens)::bigint AS "savedCompletionTokens", sum(cost_usd) AS "costUsd",
       sum(gross_saved_usd) AS "grossSavedUsd", sum(provider_cache_usd) AS "providerCacheUsd",
       sum(unpriced)::bigint AS unpriced
FROM reprise_model_usage WHERE ($1::text IS NULL OR (user_id = $1 AND tier = $2)) AND month = $3::date
GROUP BY model ORDER BY sum(requests) DESC, model`

const forgetSql = `DELETE FROM reprise_metrics_flush WHERE source = $1`

/** The accounts of callers in `usage_metrics`, and by month and model in `reprise_model_usage`; every server adds to them. */
export function postgresUsage(database: Database): UsageStore {
  return {
    add: async ({ source, number, items }) => {
      const rows = items.map(({ account, ...counts }) => ({ ...account, ...counts }))
      const values = [source, number, JSON.stringify(rows)]
      const { rowCount } = await database.run(statement('INSERT', 'usage_metrics', addSql, values))
      return rowCount > 0 ? 'added' : 'known'
    },
    read: async (account, month) => {
      const who = [account?.id ?? null, account?.tier ?? null]
      const [totals, models] = await Promise.all([
        database.run<Omit<StoredUsage, 'models'>>(statement('SELECT', 'usage_metrics', totalsSql, who)),
        database.run<UsageCounts & { readonly model: string }>(
          statement('SELECT', 'reprise_model_usage', modelsSql, [...who, month]),
        ),
      ])
      return { ...(totals.rows[0] ?? { totalRequests: 0, cacheHits: 0, cacheMisses: 0 }), models: models.rows }
    },
    forget: async source => {
      await database.run(statement('DELETE', 'reprise_metrics_flush', forgetSql, [source]))
    },
  }
}
