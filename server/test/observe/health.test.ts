import { Announcer, type Clock, type OutboxCounts, RepriseError } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import { afterEach, describe, expect, test } from 'vitest'
import type { CacheFigures } from '../../src/admin/figures/cache-figures.ts'
import { type HealthChange, startHealth } from '../../src/observe/health.ts'
import { createLog } from '../../src/observe/log.ts'
import { logHealth } from '../../src/observe/log-health.ts'

const noon = Date.UTC(2026, 0, 31, 12)
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const health of open.splice(0)) await health.close()
})

function start() {
  const world = {
    nowMs: noon,
    databaseAnswers: true as boolean | 'never',
    redis: true,
    outbox: { pending: 0, dead: 0, oldestPendingSeconds: 0 } as OutboxCounts,
    droppedRequests: 0,
    pool: { size: 10, available: 9, timesOut: false },
    caches: [] as CacheFigures[],
  }
  const sleepers: (() => void)[] = []
  const clock: Clock = {
    now: () => world.nowMs,
    monotonicMs: () => world.nowMs,
    sleep: (_, signal) =>
      new Promise(resolve => {
        sleepers.push(resolve)
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const conversations = new Announcer<ConversationEvents>()
  const changes: HealthChange[] = []
  const health = startHealth({
    askDatabase: () => {
      if (world.databaseAnswers === 'never') return new Promise(() => {})
      return world.databaseAnswers ? Promise.resolve() : Promise.reject(new Error('away'))
    },
    outbox: { counts: async () => world.outbox },
    copies: {
      name: 'redis',
      get isAvailable() {
        return world.redis
      },
    },
    conversations,
    hourlyMetrics: {
      get droppedRequests() {
        return world.droppedRequests
      },
    },
    caches: async () => world.caches,
    pool: () => world.pool,
    clock,
    onChange: change => changes.push(change),
  })
  open.push(health)
  return {
    world,
    health,
    changes,
    conversations,
    wakeAll: () => {
      for (const wake of sleepers.splice(0)) wake()
    },
  }
}

describe('health', () => {
  test('E1 before any use all is well and the rates are 0', async () => {
    const { health } = start()
    expect(await health.report()).toEqual({
      status: 'healthy',
      redisAvailable: true,
      warnings: [],
      hitRates: { ai: 0, rag: 0, db: 0 },
    })
    await health.checkReady()
  })

  test('E1 Redis away is degraded, says what to do and since when, and ends by itself', async () => {
    const { world, health, changes } = start()
    await health.report()
    world.redis = false
    world.nowMs += 1_000
    await health.report()
    world.nowMs += 60_000
    const report = await health.report()
    expect(report).toMatchObject({ status: 'degraded', redisAvailable: false })
    expect(report.warnings).toEqual([
      expect.stringMatching(/Check that the server of REDIS_URL runs.*\(since 2026-01-31T12:00:01\.000Z\)$/),
    ])
    world.redis = true
    world.nowMs += 1_000
    expect(await health.report()).toMatchObject({ status: 'healthy', redisAvailable: true, warnings: [] })
    expect(changes.map(({ condition, kind }) => `${condition} ${kind}`)).toEqual([
      'redis_away began',
      'redis_away ended',
    ])
  })

  test('E1 the database away is unhealthy and not ready', async () => {
    const { world, health } = start()
    await health.report()
    world.databaseAnswers = false
    world.nowMs += 1_000
    expect(await health.report()).toMatchObject({ status: 'unhealthy', warnings: [expect.stringContaining('503')] })
    await expect(health.checkReady()).rejects.toSatisfy(
      error => error instanceof RepriseError && error.code === 'database_unavailable',
    )
  })

  test('E1 a database that is silent is away', async () => {
    const { world, health, wakeAll } = start()
    await health.report()
    world.databaseAnswers = 'never'
    world.nowMs += 1_000
    const report = health.report()
    wakeAll()
    expect(await report).toMatchObject({ status: 'unhealthy' })
  })

  test('E1 an old outbox and dropped counts degrade, dead embeddings are only told', async () => {
    const { world, health } = start()
    await health.report()
    world.outbox = { pending: 0, dead: 3, oldestPendingSeconds: 0 }
    world.nowMs += 1_000
    expect(await health.report()).toMatchObject({
      status: 'healthy',
      warnings: [expect.stringContaining('reprise outbox redrive')],
    })
    world.outbox = { pending: 40, dead: 0, oldestPendingSeconds: 600 }
    world.droppedRequests = 12
    world.nowMs += 1_000
    const { status, warnings } = await health.report()
    expect(status).toBe('degraded')
    expect(warnings).toEqual([
      expect.stringContaining('40 messages wait for their embedding, the oldest for 10 minutes'),
      expect.stringContaining('The hourly counts of 12 requests were lost'),
    ])
  })

  test('E1 a pool that stays taken is told, one that is taken for a moment is not', async () => {
    const { world, health } = start()
    await health.report()
    world.pool = { size: 10, available: 0, timesOut: false }
    world.nowMs += 1_000
    expect(await health.report()).toMatchObject({ status: 'healthy' })
    world.nowMs += 10_000
    expect(await health.report()).toMatchObject({
      status: 'degraded',
      warnings: [expect.stringContaining('10 of 10 database connections are taken')],
    })
  })

  test('E1 F7 callers that wait in vain for a connection are told, unless the database is away as a whole', async () => {
    const { world, health } = start()
    world.pool = { size: 10, available: 5, timesOut: true }
    expect(await health.report()).toMatchObject({
      status: 'degraded',
      warnings: [expect.stringContaining('wait in vain for one of the 10 database connections')],
    })
    world.databaseAnswers = false
    world.nowMs += 1_000
    expect((await health.report()).warnings).toEqual([expect.stringContaining('PostgreSQL does not answer')])
  })

  test('E1 a hit rate under 30 % is told after real use', async () => {
    const { world, health, conversations } = start()
    const read = (result: 'hit' | 'miss', times: number) => {
      for (let count = 0; count < times; count += 1)
        conversations.announce('copy_operation', { operation: 'get', result, durationMs: 1 })
    }
    read('miss', 150)
    world.nowMs += 1_000
    expect((await health.report()).warnings).toEqual([])
    read('hit', 50)
    world.nowMs += 1_000
    expect((await health.report()).warnings).toEqual([expect.stringContaining('Only 25 % of reads')])
    read('hit', 400)
    world.nowMs += 1_000
    expect((await health.report()).warnings).toEqual([])
  })

  test('many who ask at once share one look', async () => {
    const { world, health } = start()
    await health.report()
    let looks = 0
    const counts = world.outbox
    Object.defineProperty(world, 'outbox', {
      get: () => {
        looks += 1
        return counts
      },
    })
    world.nowMs += 1_000
    await Promise.all(Array.from({ length: 50 }, () => health.report()))
    await health.report()
    expect(looks).toBe(1)
  })

  test('what begins and what ends is written into the log, with what to do', () => {
    const lines: Readonly<Record<string, unknown>>[] = []
    const log = createLog({ level: 'info', destination: { write: text => lines.push(JSON.parse(text)) } })
    const change = { condition: 'redis_away', severity: 'degraded', kind: 'began', advice: 'Check Redis.' } as const
    logHealth(log)(change)
    logHealth(log)({ ...change, kind: 'ended' })
    expect(lines).toMatchObject([
      { level: 'warn', condition: 'redis_away', msg: 'Check Redis.' },
      { level: 'info', condition: 'redis_away', msg: 'well again' },
    ])
  })
})
