import { createCache, instantOf, systemClock } from 'reprise'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startRedis } from '../../../testbed/servers/redis.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { createAdministration } from '../../src/admin/administration.ts'
import type { ChatAdminParts } from '../../src/admin/chat-routes.ts'
import { noCounts } from '../../src/admin/figures/time-windows.ts'
import { statsSource } from '../../src/admin/stats-answer.ts'
import { watchCache } from '../../src/admin/watch-cache.ts'
import { endpointFigures, watchEndpoints } from '../../src/admin/watch-endpoints.ts'
import { jsonOf } from '../http/exchange.ts'
import { openStores, type RunningServer, type Stores, startServer } from '../http/running-server.ts'

let stores: Stores
beforeAll(async () => {
  stores = await openStores()
})
afterAll(() => stores?.[Symbol.asyncDispose]())

const cache = () => createCache({ name: 'ai', memory: { maxEntries: 100 }, ttl: '1m' })

/** The chat's part is tried by tests of its own. */
const chat: ChatAdminParts = {
  reports: {
    hours: async () => [],
    totals: async () => ({ ...noTotals }),
    activeGuests: async () => [],
    migrations: async () => [],
  },
  outbox: {
    counts: async () => ({ pending: 0, dead: 0, oldestPendingSeconds: 0 }),
    listDead: async () => [],
    redrive: async () => 0,
  },
  embeddings: async () => ({ stored: noCounts, failed: noCounts, dead: noCounts }),
  endpoints: async () => endpointFigures(watchEndpoints(systemClock).counts()),
}
const noTotals = {
  conversations: 0,
  messages: 0,
  embeddings: 0,
  unsynced: 0,
  migrationsCompleted: 0,
  migrationsFailed: 0,
}

async function start(environment: Record<string, string> = {}) {
  const ai = cache()
  const rag = createCache({ name: 'rag', memory: { maxEntries: 100 } })
  const administration = createAdministration(
    [
      watchCache({ name: 'ai', cache: ai, bounds: { maxEntries: 100 }, clock: systemClock }),
      watchCache({ name: 'rag', cache: rag, bounds: { maxEntries: 100 }, clock: systemClock }),
    ],
    systemClock,
  )
  const showKeys = environment['ADMIN_SHOW_KEYS'] === 'true'
  const stats = statsSource({
    administration,
    health: {
      report: async () => ({
        status: 'healthy',
        redisAvailable: false,
        warnings: [],
        hitRates: { ai: 0, rag: 0, db: 0 },
      }),
    },
    redisBytes: undefined,
    pool: async () => ({ size: 10, available: 9 }),
    showKeys,
    now: () => instantOf(Date.now()),
  })
  const server = await startServer(stores, { environment, admin: { administration, stats, clock: systemClock, chat } })
  return { ai, rag, server }
}

interface Report {
  readonly misses: { readonly all: number }
}

/** The fields of all answers that are looked at. */
interface Answer {
  readonly status: string
  readonly code: string
  readonly field: string
  readonly removed: number
  readonly caches: readonly { readonly cache: string }[] & Readonly<Record<string, Report>>
  readonly keys: readonly { readonly key: string }[]
}

async function ask(server: RunningServer, path: string, body?: unknown) {
  const answer = await fetch(`${server.url}${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await jsonOf<Answer>(answer) }
}

describe('the admin API', () => {
  let world: Awaited<ReturnType<typeof start>>
  beforeEach(async () => {
    world = await start({ ADMIN_SHOW_KEYS: 'true' })
  })
  afterEach(async () => {
    await world.server.close()
    await Promise.all([world.ai.close(), world.rag.close()])
  })

  test('E2 GET /api/cache/stats gives detailed figures per cache', async () => {
    await world.ai.set('a', 1)
    await world.ai.get('a')
    await world.ai.get('b')
    const { status, body } = await ask(world.server, '/api/cache/stats')
    expect(status).toBe(200)
    expect(Object.keys(body.caches)).toEqual(['ai', 'rag'])
    expect(body.caches['ai']).toMatchObject({
      cache: 'ai',
      entries: 1,
      max_entries: 100,
      hit_rate: { last_5m: 50, last_hour: 50, all: 50 },
      hits: { all: 1 },
      misses: { all: 1 },
      top_keys_by_hits: [{ key: 'a', weight: 1 }],
    })
    expect(body).toMatchObject({ status: 'healthy', pool: { size: 10, available: 9 }, redis: { available: false } })
  })

  test('E2 POST /api/cache/clear empties one cache, or all, and says how many went', async () => {
    await world.ai.set('a', 1)
    await world.rag.set('b', 1)
    const { body } = await ask(world.server, '/api/cache/clear', { cache: 'ai' })
    expect(body).toMatchObject({ removed: 1, caches: [{ cache: 'ai', removed: 1, redis: 'none' }] })
    expect(await world.ai.get('a')).toBeUndefined()
    expect(await world.rag.get('b')).toBe(1)
    const all = await ask(world.server, '/api/cache/clear', {})
    expect(all.body.caches.map(each => each.cache)).toEqual(['ai', 'rag'])
    expect(await world.rag.get('b')).toBeUndefined()
  })

  test('E2 POST /api/cache/clear without a body clears all', async () => {
    await world.ai.set('a', 1)
    const answer = await fetch(`${world.server.url}/api/cache/clear`, { method: 'POST' })
    expect(answer.status).toBe(200)
    expect(await world.ai.get('a')).toBeUndefined()
  })

  test('E2 POST /api/cache/cleanup removes expired entries and says how many', async () => {
    await world.ai.set('short', 1, { ttl: 1 })
    await world.ai.set('long', 1)
    await expect.poll(async () => world.ai.get('short')).toBeUndefined()
    await world.ai.set('short', 1, { ttl: 1 })
    await new Promise(resolve => setTimeout(resolve, 20))
    const { body } = await ask(world.server, '/api/cache/cleanup', {})
    expect(body.removed).toBe(1)
    expect(await world.ai.get('long')).toBe(1)
  })

  test('E2 POST /api/cache/invalidate removes by key, tags or pattern, one of them', async () => {
    await world.ai.setMany([
      [['user', 7], 1],
      ['user:8', 1],
    ])
    await world.ai.set('tagged', 1, { tags: ['t'] })
    expect((await ask(world.server, '/api/cache/invalidate', { cache: 'ai', key: ['user', 7] })).body.removed).toBe(1)
    expect(await world.ai.get(['user', 7])).toBeUndefined()
    await ask(world.server, '/api/cache/invalidate', { cache: 'ai', tags: ['t'] })
    expect(await world.ai.get('tagged')).toBeUndefined()
    expect((await ask(world.server, '/api/cache/invalidate', { pattern: 'user:*' })).body.removed).toBe(1)
    for (const body of [{}, { key: 'a', tags: ['b'] }, { key: {} }, { pattern: '' }, { tags: 'a' }]) {
      const refused = await ask(world.server, '/api/cache/invalidate', body)
      expect([refused.status, refused.body.code]).toEqual([400, 'invalid_body'])
    }
  })

  test('GET /api/cache/explain says why a key would be served', async () => {
    await world.ai.set(['user', 7], 1, { tags: ['t'] })
    const { body } = await ask(
      world.server,
      `/api/cache/explain?cache=ai&key=${encodeURIComponent(JSON.stringify(['user', 7]))}`,
    )
    expect(body).toMatchObject({
      key: 'user:7',
      served_by: 'memory',
      tiers: [{ tier: 'memory', state: 'fresh', tags: ['t'] }],
    })
    const absent = await ask(world.server, '/api/cache/explain?cache=ai&key=other')
    expect(absent.body).toMatchObject({ served_by: null, tiers: [{ state: 'absent' }] })
  })

  test('GET /api/cache/keys finds keys by a part of their text', async () => {
    await world.ai.setMany(Array.from({ length: 60 }, (_, n) => [`user*${n}`, n] as const))
    const { body } = await ask(world.server, '/api/cache/keys?cache=ai&search=r*1')
    expect(body.keys).toHaveLength(11)
    expect((await ask(world.server, '/api/cache/keys?cache=ai&limit=5')).body.keys).toHaveLength(5)
    expect((await ask(world.server, '/api/cache/keys?cache=ai&limit=0')).status).toBe(400)
  })

  test('E2 GET /api/cache/history counts hits and misses of the last hour in slots of ten seconds', async () => {
    await world.ai.set('a', 1)
    await world.ai.get('a')
    await world.ai.get('b')
    const answer = await fetch(`${world.server.url}/api/cache/history`)
    const { slot_seconds, caches } = await jsonOf<{
      readonly slot_seconds: number
      readonly caches: Readonly<
        Record<string, { readonly hits: readonly number[]; readonly misses: readonly number[] }>
      >
    }>(answer)
    expect(slot_seconds).toBe(10)
    for (const counts of [caches['ai']?.hits ?? [], caches['ai']?.misses ?? []]) {
      expect(counts).toHaveLength(360)
      // A slot may end between the reads and the question.
      expect(counts.slice(-2).reduce((sum, count) => sum + count, 0)).toBe(1)
      expect(counts.slice(0, -2).every(count => count === 0)).toBe(true)
    }
    expect(caches['rag']?.hits.every(count => count === 0)).toBe(true)
  })

  test('an unknown cache is refused by name', async () => {
    for (const [path, body] of [
      ['/api/cache/clear', { cache: 'nope' }],
      ['/api/cache/cleanup', { cache: 'nope' }],
      ['/api/cache/invalidate', { cache: 'nope', key: 'a' }],
      ['/api/cache/explain?cache=nope&key=a', undefined],
      ['/api/cache/keys?cache=nope', undefined],
    ] as const) {
      const answer = await ask(world.server, path, body)
      expect([answer.status, answer.body.code, answer.body.field]).toEqual([404, 'cache_unknown', 'cache'])
    }
  })

  test.each([
    ['/api/cache/clear', { caches: 'ai' }, 'caches'],
    ['/api/cache/clear', { cache: 'ai', pattern: 'user:*' }, 'pattern'],
    ['/api/cache/clear', { cache: 5 }, 'cache'],
    ['/api/cache/cleanup', { name: 'ai' }, 'name'],
    ['/api/cache/invalidate', { cache: 'ai', key: 'a', tag: 'b' }, 'tag'],
    ['/api/chat/outbox/redrive', { id: '7' }, 'id'],
  ])('%s %j does nothing: a name that nobody knows must not widen what is meant', async (path, given, field) => {
    await world.ai.set('kept', 1)
    const answer = await ask(world.server, path, given)
    expect([answer.status, answer.body.code, answer.body.field]).toEqual([400, 'invalid_body', field])
    expect(await world.ai.get('kept')).toBe(1)
  })

  test('GET /api/cache/live sends the figures as they change', async () => {
    const answer = await fetch(`${world.server.url}/api/cache/live`)
    expect(answer.headers.get('content-type')).toContain('text/event-stream')
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    const { value = '' } = (await reader?.read()) ?? {}
    expect(value).toMatch(/^event: stats\ndata: \{.*"ai"/)
    await reader?.cancel()
  })
})

test('keys and tags are hashed unless ADMIN_SHOW_KEYS allows them', async () => {
  const { ai, rag, server } = await start()
  await ai.set('ann@example.org', 1, { tags: ['ann'] })
  await ai.get('ann@example.org')
  const texts = await Promise.all(
    ['stats', 'keys?cache=ai'].map(async path => JSON.stringify((await ask(server, `/api/cache/${path}`)).body)),
  )
  for (const text of texts) {
    expect(text).toContain('sha256:')
    expect(text).not.toContain('ann')
  }
  await server.close()
  await Promise.all([ai.close(), rag.close()])
})

test('the admin API asks for the admin key', async () => {
  const { ai, rag, server } = await start({ ADMIN_API_KEY: 'k'.repeat(32) })
  for (const path of ['stats', 'live', 'keys?cache=ai', 'explain?cache=ai&key=a'])
    expect((await fetch(`${server.url}/api/cache/${path}`)).status).toBe(401)
  for (const path of ['clear', 'cleanup', 'invalidate'])
    expect((await ask(server, `/api/cache/${path}`, { key: 'a' })).status).toBe(401)
  await server.close()
  await Promise.all([ai.close(), rag.close()])
})

describe('guests’ copies', () => {
  for (const store of ['memory', 'redis'] as const) {
    test(`E2 clearing them in ${store} loses nothing`, async () => {
      await using redis = store === 'redis' ? await startRedis() : undefined
      await using server = await startReprise({
        EMBEDDER: 'none',
        ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
      })
      const post = await fetch(`${server.url}/v1/guest/chat/ann`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"role":"user","content":"hello"}',
      })
      expect(post.status).toBe(200)
      const read = async () => {
        const answer = await fetch(`${server.url}/v1/guest/chat/ann`)
        return [answer.headers.get('x-reprise-source'), (await jsonOf<unknown[]>(answer)).length]
      }
      expect(await read()).toEqual([store, 1])
      const cleared = await fetch(`${server.url}/api/cache/clear`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"cache":"guest"}',
      })
      expect(await cleared.json()).toMatchObject({ caches: [{ cache: 'guest', removed: 1 }] })
      expect(await read()).toEqual(['postgresql', 1])
      await expect.poll(read).toEqual([store, 1])
      const stats = await jsonOf<Answer>(await fetch(`${server.url}/api/cache/stats`))
      expect(Object.keys(stats.caches)).toEqual(['ai', 'embeddings', 'rag', 'db', 'guest'])
      expect(stats.caches['guest']?.misses.all).toBeGreaterThanOrEqual(1)
    })
  }
})
