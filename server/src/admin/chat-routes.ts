import type { ChatReports, Outbox } from 'reprise'
import type { Auth } from '../http/auth.ts'
import type { HttpServer } from '../http/http-server.ts'
import { problems } from '../http/problem-schema.ts'
import { DeadItems, Guests, HoursQuery, LimitQuery, Migrations, Overview, Redrive, Redriven } from './chat-schemas.ts'
import type { EmbeddingFigures } from './watch-embeddings.ts'
import type { EndpointFigures } from './watch-endpoints.ts'

export interface ChatAdminParts {
  readonly reports: ChatReports
  readonly outbox: Pick<Outbox, 'counts' | 'listDead' | 'redrive'>
  readonly embeddings: () => Promise<EmbeddingFigures>
  readonly endpoints: () => Promise<readonly EndpointFigures[]>
}

/** What operators look at in the chat: totals, hours, guests, migrations, and the outbox with its redrive. */
export function chatAdminRoutes(server: HttpServer, parts: ChatAdminParts & { readonly auth: Auth }): void {
  const { reports, outbox, embeddings, endpoints, auth } = parts
  const preParsing = [...auth.admin]
  const common = { tags: ['administration'], security: auth.admin.length === 0 ? [] : [{ adminKey: [] }] }
  const refused = ['not_authorized', 'database_unavailable', 'invalid_query'] as const

  async function outboxCounts() {
    const { pending, dead, oldestPendingSeconds } = await outbox.counts()
    return { pending, dead, oldest_pending_seconds: Math.round(oldestPendingSeconds) }
  }

  server.get(
    '/api/chat/overview',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'chatOverview',
        summary: 'The chat at a glance',
        querystring: HoursQuery,
        response: { 200: Overview, ...problems(...refused) },
      },
    },
    async request => {
      const [totals, hours, waiting, embedded, answered] = await Promise.all([
        reports.totals(),
        reports.hours(request.query.hours ?? 48),
        outboxCounts(),
        embeddings(),
        endpoints(),
      ])
      const { stored, failed, dead } = embedded
      return {
        totals: {
          conversations: totals.conversations,
          messages: totals.messages,
          embeddings: totals.embeddings,
          unsynced: totals.unsynced,
          migrations_completed: totals.migrationsCompleted,
          migrations_failed: totals.migrationsFailed,
        },
        hours: hours.map(hour => ({
          at: hour.at.toISOString(),
          conversations: hour.conversations,
          hits: hour.hits,
          misses: hour.misses,
          requests: hour.requests,
          response_ms: hour.responseMs,
          generation_ms: hour.generationMs,
          storage_mb: hour.storageMb,
        })),
        embeddings: { stored: windowsOf(stored), failed: windowsOf(failed), dead: windowsOf(dead) },
        outbox: waiting,
        endpoints: answered.map(({ endpoint, lastHour, failedLastHour, meanMs, p99Ms }) => ({
          endpoint,
          last_hour: lastHour,
          failed_last_hour: failedLastHour,
          mean_ms: meanMs,
          p99_ms: p99Ms ?? null,
        })),
      }
    },
  )

  server.get(
    '/api/chat/guests',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'activeGuests',
        summary: 'The guests who wrote last',
        querystring: LimitQuery,
        response: { 200: Guests, ...problems(...refused) },
      },
    },
    async ({ query: { limit = 50 } }) => ({
      guests: (await reports.activeGuests(limit)).map(guest => ({
        guest_id: guest.guestId,
        messages: guest.messages,
        embeddings: guest.embeddings,
        unsynced: guest.unsynced,
        requests: guest.requests,
        month_requests: guest.monthRequests,
        monthly_limit: guest.monthlyLimit ?? null,
        last_at: guest.lastAt.toISOString(),
      })),
    }),
  )

  server.get(
    '/api/chat/migrations',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'migrations',
        summary: 'Guests who became users',
        querystring: LimitQuery,
        response: { 200: Migrations, ...problems(...refused) },
      },
    },
    async ({ query: { limit = 50 } }) => ({
      migrations: (await reports.migrations(limit)).map(migration => ({
        id: migration.id,
        status: migration.status,
        guest_id: migration.guestId ?? null,
        conversations: migration.conversations,
        messages: migration.messages,
        started_at: migration.startedAt.toISOString(),
        completed_at: migration.completedAt?.toISOString() ?? null,
        notes: migration.notes,
      })),
    }),
  )

  server.get(
    '/api/chat/outbox',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'outbox',
        summary: 'Embeddings that wait, and those that were given up',
        querystring: LimitQuery,
        response: { 200: DeadItems, ...problems(...refused) },
      },
    },
    async ({ query: { limit = 50 } }) => {
      const [counts, dead] = await Promise.all([outboxCounts(), outbox.listDead(limit)])
      return {
        outbox: counts,
        dead: dead.map(({ outboxId, messageId, attempts, lastError, createdAt }) => ({
          id: outboxId,
          message_id: messageId,
          attempts,
          error: lastError,
          created_at: createdAt.toISOString(),
        })),
      }
    },
  )

  server.post(
    '/api/chat/outbox/redrive',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'redriveOutbox',
        summary: 'Try given-up embeddings again',
        body: Redrive,
        response: {
          200: Redriven,
          ...problems('not_authorized', 'database_unavailable', 'invalid_body', 'invalid_json'),
        },
      },
    },
    async request => ({ redriven: await outbox.redrive(request.body?.ids ?? 'all') }),
  )
}

function windowsOf(counts: EmbeddingFigures['stored']) {
  return { last_5m: counts.fiveMinutes, last_hour: counts.hour, all: counts.all }
}
