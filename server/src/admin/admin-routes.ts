import { type Clock, instantOf, type Key, RepriseError } from 'reprise'
import type { Auth } from '../http/auth.ts'
import type { HttpServer } from '../http/http-server.ts'
import { problems } from '../http/problem-schema.ts'
import type { Administration } from './administration.ts'
import {
  CleanupReceipts,
  Explained,
  ExplainQuery,
  Invalidation,
  Keys,
  KeysQuery,
  OneCache,
  Receipts,
} from './cache-schemas.ts'
import { type ChatAdminParts, chatAdminRoutes } from './chat-routes.ts'
import { hashedKey } from './figures/present.ts'
import { liveStatsRoute } from './live-stats.ts'
import { CacheHistoryAnswer, CacheStatsAnswer, cacheHistory, type StatsSource } from './stats-answer.ts'
import type { InvalidationTarget } from './watched-cache.ts'

export interface AdminParts {
  readonly administration: Administration
  readonly stats: StatsSource
  readonly clock: Clock
  readonly chat: ChatAdminParts
}

export interface AdminRoutesParts extends AdminParts {
  readonly auth: Auth
  /** Keys may hold personal data: shown in the clear only where it is allowed. */
  readonly showKeys: boolean
}

/** Figures, and the levers: clear, cleanup, invalidate, explain. */
export function adminRoutes(server: HttpServer, parts: AdminRoutesParts): void {
  const { administration, stats, clock, auth, showKeys } = parts
  liveStatsRoute(server, { stats, auth, clock })
  chatAdminRoutes(server, { ...parts.chat, auth })

  const common = {
    tags: ['administration'],
    security: auth.admin.length === 0 ? [] : [{ adminKey: [] }],
  }
  const preParsing = [...auth.admin]
  const refused = ['not_authorized'] as const
  const refusedCache = [...refused, 'cache_unknown', 'invalid_body', 'invalid_json'] as const

  server.get(
    '/api/cache/stats',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'cacheStats',
        summary: 'Detailed figures of each cache',
        response: { 200: CacheStatsAnswer, ...problems(...refused) },
      },
    },
    async () => stats(),
  )

  server.get(
    '/api/cache/history',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'cacheHistory',
        summary: 'Hits and misses of the last hour',
        response: { 200: CacheHistoryAnswer, ...problems(...refused) },
      },
    },
    async () => cacheHistory(administration, instantOf(clock.now())),
  )

  server.post(
    '/api/cache/clear',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'clearCaches',
        summary: 'Clear one cache or all',
        body: OneCache,
        response: { 200: Receipts, ...problems(...refusedCache) },
      },
    },
    async request => totalled(await administration.clear(request.body?.cache)),
  )

  server.post(
    '/api/cache/cleanup',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'cleanUpCaches',
        summary: 'Remove expired entries',
        body: OneCache,
        response: { 200: CleanupReceipts, ...problems(...refusedCache) },
      },
    },
    async request => totalled(await administration.cleanup(request.body?.cache)),
  )

  server.post(
    '/api/cache/invalidate',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'invalidateEntries',
        summary: 'Invalidate by key, tags or pattern',
        description: 'Exactly one of key, tags and pattern. Without a cache, in all of them.',
        body: Invalidation,
        response: { 200: Receipts, ...problems(...refusedCache) },
      },
    },
    async request => totalled(await administration.invalidate(request.body.cache, targetOf(request.body))),
  )

  server.get(
    '/api/cache/explain',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'explainKey',
        summary: 'Why would a key be served, or not?',
        querystring: ExplainQuery,
        response: { 200: Explained, ...problems(...refused, 'cache_unknown', 'invalid_query') },
      },
    },
    async ({ query: { cache, key } }) => {
      const explanation = await administration.explain(cache, keyOf(key))
      return explained({ readable: explanation.readable, namespace: explanation.namespace, explanation }, true)
    },
  )

  server.get(
    '/api/cache/keys',
    {
      preParsing,
      schema: {
        ...common,
        operationId: 'findKeys',
        summary: 'Find keys of a cache',
        description: 'Keys whose text holds `search`. They are hashed unless ADMIN_SHOW_KEYS=true.',
        querystring: KeysQuery,
        response: { 200: Keys, ...problems(...refused, 'cache_unknown', 'invalid_query') },
      },
    },
    async ({ query: { cache, search = '', limit = 50 } }) => {
      const found = await administration.findKeys(cache, search, limit)
      return { keys: found.map(each => explained(each, showKeys)) }
    },
  )
}

function totalled<Receipt extends { readonly removed: number }>(receipts: readonly Receipt[]) {
  return { caches: [...receipts], removed: receipts.reduce((sum, { removed }) => sum + removed, 0) }
}

interface InvalidationBody {
  readonly key?: unknown
  readonly tags?: readonly string[]
  readonly pattern?: string
}

function targetOf({ key, tags, pattern }: InvalidationBody): InvalidationTarget {
  const named = [key, tags, pattern].filter(each => each !== undefined)
  if (named.length !== 1) {
    throw new RepriseError('invalid_body', 'Name what to invalidate by exactly one of key, tags and pattern.', {
      field: 'key',
    })
  }
  if (tags !== undefined) return { kind: 'tags', tags }
  if (pattern !== undefined) return { kind: 'pattern', pattern }
  return { kind: 'key', key: readKey(key, 'invalid_body') }
}

/** A key in a query: JSON where it is a list, else the text itself. */
function keyOf(text: string): Key {
  if (!text.startsWith('[')) return text
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return text
  }
  return readKey(parsed, 'invalid_query')
}

function readKey(value: unknown, code: 'invalid_body' | 'invalid_query'): Key {
  if (isKey(value)) return value
  throw new RepriseError(code, 'A key is a text, a number, or a list of these, such as ["user", 7].', { field: 'key' })
}

function isKey(value: unknown): value is Key {
  if (Array.isArray(value)) return value.length > 0 && value.every(isKey)
  return (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean'
}

function explained(
  { readable, namespace, explanation }: Awaited<ReturnType<Administration['findKeys']>>[number],
  showKeys: boolean,
) {
  return {
    key: showKeys ? readable : hashedKey(readable),
    namespace,
    served_by: explanation.servedBy ?? null,
    is_loading: explanation.isLoading,
    summary: explanation.summary,
    tiers: explanation.tiers.map(({ tier, state, ageMs, freshForMs, loadMs, tags }) => ({
      tier,
      state,
      age_ms: ageMs ?? null,
      fresh_for_ms: freshForMs ?? null,
      load_ms: loadMs ?? null,
      tags: showKeys ? [...tags] : tags.map(hashedKey),
    })),
  }
}
