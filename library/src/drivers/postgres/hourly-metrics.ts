import type { HourlyMetricsStore } from '../../ports/chat/hourly-metrics.ts'
import { statement } from './builder.ts'
import type { Database } from './database.ts'

// One statement, and so one transaction: the flush is noted and added, or neither. A flush that is noted already adds
// no row. Hours are locked in their order, so that servers that flush several at once cannot wait for each other.
const addFlush = `
WITH noted AS (
  INSERT INTO reprise_metrics_flush AS known (source, number) VALUES ($1, $2)
  ON CONFLICT (source) DO UPDATE SET number = excluded.number, flushed_at = now() WHERE known.number < excluded.number
  RETURNING 1
), latest AS (
  SELECT total_entries, storage_size_mb FROM cache_metrics ORDER BY recorded_at DESC LIMIT 1
)
INSERT INTO cache_metrics AS m (
  recorded_at, cache_hits, cache_misses, total_requests, response_count, avg_response_time, generation_count,
  avg_generation_time, total_entries, storage_size_mb
)
SELECT h."hourAt", h.hits, h.misses, h.hits + h.misses,
       h.responses, h."responseTotalMs" / greatest(h.responses, 1),
       h.generations, h."generationTotalMs" / greatest(h.generations, 1),
       coalesce($4::bigint, latest.total_entries, 0),
       coalesce($5::double precision, latest.storage_size_mb, 0)
FROM noted
CROSS JOIN jsonb_to_recordset($3::jsonb) AS h (
  "hourAt" timestamptz, hits bigint, misses bigint, responses bigint, "responseTotalMs" double precision,
  generations bigint, "generationTotalMs" double precision
)
LEFT JOIN latest ON true
ORDER BY h."hourAt"
ON CONFLICT (recorded_at) DO UPDATE SET
  cache_hits = m.cache_hits + excluded.cache_hits,
  cache_misses = m.cache_misses + excluded.cache_misses,
  total_requests = m.total_requests + excluded.total_requests,
  response_count = m.response_count + excluded.response_count,
  avg_response_time =
    (m.avg_response_time * m.response_count + excluded.avg_response_time * excluded.response_count)
    / greatest(m.response_count + excluded.response_count, 1),
  generation_count = m.generation_count + excluded.generation_count,
  avg_generation_time =
    (m.avg_generation_time * m.generation_count + excluded.avg_generation_time * excluded.generation_count)
    / greatest(m.generation_count + excluded.generation_count, 1),
  total_entries = coalesce($4::bigint, m.total_entries),
  storage_size_mb = coalesce($5::double precision, m.storage_size_mb)`

const readTotals = `
SELECT (SELECT count(*) FROM conversation_cache) AS conversations,
       pg_total_relation_size('conversation_cache') + pg_total_relation_size('message_cache')
       + pg_total_relation_size('cache_embeddings') + pg_total_relation_size('cache_content_mapping') AS bytes`

const forgetSource = `
DELETE FROM reprise_metrics_flush WHERE source = $1 OR flushed_at < now() - interval '30 days'`

const mebibyte = 1024 * 1024

/** The hourly counts in `cache_metrics`, one row per UTC hour, added to by every server. */
export function postgresHourlyMetrics(database: Database): HourlyMetricsStore {
  return {
    add: async ({ source, number, hours, totals }) => {
      const megabytes = totals === undefined ? null : totals.bytes / mebibyte
      const values = [source, number, JSON.stringify(hours), totals?.conversations ?? null, megabytes]
      const { rowCount } = await database.run(statement('INSERT', 'cache_metrics', addFlush, values))
      return rowCount > 0 ? 'added' : 'known'
    },
    totals: async () => {
      const { rows } = await database.run<{ readonly conversations: number; readonly bytes: number }>(
        statement('SELECT', 'conversation_cache', readTotals),
      )
      return rows[0] ?? { conversations: 0, bytes: 0 }
    },
    forget: async source => {
      await database.run(statement('DELETE', 'cache_metrics', forgetSource, [source]))
    },
  }
}
