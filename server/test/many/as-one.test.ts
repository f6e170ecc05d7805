import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PgBouncerServer, startPgBouncer } from '../../../testbed/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type ModelServer, startModelServer } from '../../src/demo/model-server.ts'
import { sql } from '../contract/deployment.ts'
import { jsonOf } from '../http/exchange.ts'
import { ask, askModel, crowd, metricOf, processes, startServers, startWorkers, type Whole } from './whole.ts'

const limit = 60
const quota = 10

const wholes = [
  { name: 'four worker processes without Redis', start: startWorkers, redis: false, pooler: false },
  { name: 'four worker processes and Redis', start: startWorkers, redis: true, pooler: false },
  { name: 'four servers on one Redis, behind PgBouncer', start: startServers, redis: true, pooler: true },
] as const

for (const { name, start, redis: withRedis, pooler } of wholes) {
  describeWith(['postgres', 'redis-server', 'pgbouncer'], name, () => {
    let postgres: PostgresServer
    let redis: RedisServer
    let bouncer: PgBouncerServer
    let model: ModelServer
    let whole: Whole
    const open = () =>
      start({
        DATABASE_URL: pooler ? bouncer.url : postgres.url,
        ...(withRedis ? { REDIS_URL: redis.url } : {}),
        UPSTREAM_BASE_URL: model.url,
        DATABASE_POOL_SIZE: '3',
        RATE_LIMIT_MAX: `${limit}`,
        // So that tests can come from addresses of their own.
        TRUSTED_PROXIES: '127.0.0.1',
        ENFORCE_QUOTA: 'true',
        GUEST_MONTHLY_REQUEST_LIMIT: `${quota}`,
      })

    beforeAll(async () => {
      ;[postgres, redis, model] = await Promise.all([
        startPostgres({ settings: { fsync: 'off' } }),
        startRedis(),
        startModelServer({ delays: { firstMs: 300, tokenMs: 0 } }),
      ])
      bouncer = await startPgBouncer(postgres.url)
      whole = await open()
    }, 60_000)
    afterAll(async () => {
      await whole?.[Symbol.asyncDispose]()
      await Promise.all([model?.close(), bouncer?.stop(), redis?.stop()])
      await postgres?.stop()
    }, 60_000)

    it('F1 F3 F5 C5 what each process counts adds up, whichever is asked', async () => {
      const saved = await crowd(24, index =>
        ask(whole, `/v1/guest/chat/sum-${index}`, { role: 'user', content: 'counted' }),
      )
      expect(saved.map(({ status }) => status)).toEqual(saved.map(() => 200))
      for (let time = 0; time < processes; time += 1)
        expect(await metricOf(whole, 'reprise_messages_saved_total', 'kind="saved"')).toBe(24)
      expect(await metricOf(whole, 'cache_operations_total', 'operation="set",result="success"')).toBe(24)
      expect(await metricOf(whole, 'db_connection_pool_size')).toBe(processes * (3 + 1))
      await crowd(8, index => ask(whole, `/v1/guest/chat/sum-${index}`))
      // Where the copies lie in four memories, another process may have to ask PostgreSQL: a hit of the whole all the same.
      const hits = await metricOf(whole, 'cache_operations_total', 'operation="get",result="hit"')
      const misses = await metricOf(whole, 'cache_operations_total', 'operation="get",result="miss"')
      expect(hits + misses).toBe(8)
      if (whole.scraped.length === 1)
        expect(await metricOf(whole, 'cache_hit_rate')).toBeCloseTo((hits / (hits + misses)) * 100, 5)
      const hourly = () => sql(postgres.url, 'SELECT sum(total_requests)::int AS requests FROM cache_metrics')
      await expect.poll(hourly, { timeout: 10_000 }).toEqual([{ requests: 8 }])
    })

    it('C7 the monthly limit of a guest holds over all processes', async () => {
      const answers = await crowd(3 * quota, index =>
        ask(whole, '/v1/guest/chat/limited', { role: 'user', content: `${index}` }),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(quota)
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(2 * quota)
    })

    it('every process reads what another has just acknowledged', async () => {
      for (let count = 1; count <= quota; count += 1) {
        await ask(whole, '/v1/guest/chat/read', { role: 'user', content: `${count}` })
        const read = await crowd(
          processes,
          async () => (await jsonOf<unknown[]>(ask(whole, '/v1/guest/chat/read'))).length,
        )
        expect(read).toEqual(read.map(() => count))
      }
    })

    it('one question at once to all processes is asked of the model once', async () => {
      const before = model.requests.length
      const answers = await crowd(20, () => askModel(whole, 'asked by a crowd'))
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
      expect(model.requests.length - before).toBe(1)
    })

    it('what is invalidated through one process is never served by another afterwards', async () => {
      const tags = { 'x-reprise-tags': 'news' }
      for (let round = 0; round < 4; round += 1) {
        const { id: old } = await askModel(whole, 'what is new?', tags)
        const kept = await crowd(3 * processes, () => askModel(whole, 'what is new?', tags))
        expect(new Set(kept.map(({ id }) => id))).toEqual(new Set([old]))
        const forgotten = await ask(
          whole,
          '/v1/cache/invalidate',
          { tag: 'news' },
          { authorization: 'Bearer sk-caller' },
        )
        expect(forgotten.status).toBe(200)
        const after = await crowd(3 * processes, () => askModel(whole, 'what is new?', tags))
        expect(after.map(({ id }) => id)).not.toContain(old)
      }
    })

    it('E2 clearing through one process clears all; figures are those of all', async () => {
      const whatEachReads = () => crowd(processes, () => askModel(whole, 'to be cleared'))
      await whatEachReads()
      await whatEachReads()
      const read = async () => {
        const { caches } = await jsonOf<{ readonly caches: { readonly ai: { readonly entries: number } } }>(
          ask(whole, '/api/cache/stats'),
        )
        return caches.ai.entries
      }
      expect(await read()).toBeGreaterThan(0)
      expect((await ask(whole, '/api/cache/clear', { cache: 'ai' })).status).toBe(200)
      for (let time = 0; time < processes; time += 1) await expect.poll(read).toBe(0)
    })

    it('RATE_LIMIT_MAX holds over all processes', async () => {
      const from = { 'x-forwarded-for': '192.0.2.7' }
      const answers = await crowd(2 * limit, () => ask(whole, '/v1/guest/chat/rated', undefined, from))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(limit)
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(limit)
    })
  })
}
