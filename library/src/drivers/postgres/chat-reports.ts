import type { ActiveGuest, ChatHour, ChatReports, ChatTotals, MigrationRecord } from '../../ports/chat/chat-reports.ts'
import { builder, statement, statementOf } from './builder.ts'
import type { Database } from './database.ts'

// Embeddings are counted by the planner's estimate: their table is large, and nobody needs to know them one by one.
const totalsSql = `
SELECT count(*) AS conversations, coalesce(sum(message_count), 0)::bigint AS messages,
       (SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = 'cache_embeddings'::regclass) AS estimated,
       (SELECT count(*) FROM (SELECT FROM cache_embeddings LIMIT 10000) AS few) AS counted,
       (SELECT count(*) FROM cache_content_mapping WHERE NOT is_synced) AS unsynced,
       (SELECT count(*) FROM cache_migrations WHERE status = 'completed') AS completed,
       (SELECT count(*) FROM cache_migrations WHERE status = 'failed') AS failed
FROM conversation_cache`
const fewEmbeddings = 10_000

const guestsSql = `
SELECT c.user_id AS guest_id, c.message_count AS messages, c.updated_at AS last_at,
       (SELECT count(*) FROM cache_embeddings e WHERE e.conversation_id = c.id) AS embeddings,
       (SELECT count(*) FROM cache_content_mapping m WHERE m.user_id = c.user_id AND NOT m.is_synced) AS unsynced,
       coalesce(u.total_requests, 0) AS requests, u.monthly_request_limit AS monthly_limit,
       CASE WHEN u.month = reprise_month(now()) THEN u.month_requests ELSE 0 END AS month_requests
FROM (SELECT * FROM conversation_cache WHERE platform = 'guest' ORDER BY updated_at DESC LIMIT $1::integer) AS c
LEFT JOIN usage_metrics u ON u.user_id = c.user_id AND u.tier = 'guest'
ORDER BY c.updated_at DESC`

interface TotalsRow {
  readonly conversations: number
  readonly messages: number
  readonly estimated: number
  readonly counted: number
  readonly unsynced: number
  readonly completed: number
  readonly failed: number
}

interface GuestRow {
  readonly guest_id: string
  readonly messages: number
  readonly last_at: Date
  readonly embeddings: number
  readonly unsynced: number
  readonly requests: number
  readonly monthly_limit: number | null
  readonly month_requests: number | null
}

/** @example const hours = await postgresChatReports(database).hours(48) */
export function postgresChatReports(database: Database): ChatReports {
  async function hours(count: number): Promise<readonly ChatHour[]> {
    const query = builder.selectFrom('cache_metrics').selectAll().orderBy('recorded_at', 'desc').limit(count)
    const { rows } = await database.run<HourRow>(statementOf(query))
    return rows.map(hourOf).reverse()
  }

  async function totals(): Promise<ChatTotals> {
    const { rows } = await database.run<TotalsRow>(statement('SELECT', 'conversation_cache', totalsSql))
    const [row] = rows
    if (row === undefined) throw new Error('An aggregate answers one row.')
    return {
      conversations: row.conversations,
      messages: row.messages,
      embeddings: row.counted < fewEmbeddings ? row.counted : Math.max(row.counted, row.estimated),
      unsynced: row.unsynced,
      migrationsCompleted: row.completed,
      migrationsFailed: row.failed,
    }
  }

  async function activeGuests(limit: number): Promise<readonly ActiveGuest[]> {
    const { rows } = await database.run<GuestRow>(statement('SELECT', 'conversation_cache', guestsSql, [limit]))
    return rows.map(row => ({
      guestId: row.guest_id,
      messages: row.messages,
      embeddings: row.embeddings,
      unsynced: row.unsynced,
      requests: row.requests,
      monthRequests: row.month_requests ?? 0,
      monthlyLimit: row.monthly_limit ?? undefined,
      lastAt: row.last_at,
    }))
  }

  async function migrations(limit: number): Promise<readonly MigrationRecord[]> {
    const query = builder.selectFrom('cache_migrations').selectAll().orderBy('started_at', 'desc').limit(limit)
    const { rows } = await database.run<MigrationRow>(statementOf(query))
    return rows.map(row => ({
      id: row.id,
      status: row.status,
      guestId: row.guest_id ?? undefined,
      conversations: row.records_migrated,
      messages: row.messages_migrated,
      startedAt: row.started_at,
      completedAt: row.completed_at ?? undefined,
      notes: row.notes ?? '',
    }))
  }

  return { hours, totals, activeGuests, migrations }
}

interface HourRow {
  readonly recorded_at: Date
  readonly total_entries: number
  readonly cache_hits: number
  readonly cache_misses: number
  readonly total_requests: number
  readonly avg_response_time: number
  readonly avg_generation_time: number
  readonly storage_size_mb: number
}

interface MigrationRow {
  readonly id: string
  readonly status: string
  readonly guest_id: string | null
  readonly records_migrated: number
  readonly messages_migrated: number
  readonly started_at: Date
  readonly completed_at: Date | null
  readonly notes: string | null
}

function hourOf(row: HourRow): ChatHour {
  return {
    at: row.recorded_at,
    conversations: row.total_entries,
    hits: row.cache_hits,
    misses: row.cache_misses,
    requests: row.total_requests,
    responseMs: row.avg_response_time,
    generationMs: row.avg_generation_time,
    storageMb: row.storage_size_mb,
  }
}
