import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from '../cli/run-cli.ts'
import { sql } from '../contract/deployment.ts'
import { redisCli, redisKeys } from '../contract/redis-cli.ts'
import { disagreementsIn } from './agreement.ts'
import { type FaultRunEnd, runFault } from './fault-run.ts'
import { silencePostgres } from './silence.ts'

describeWith(['postgres', 'redis-server', 'redis-cli'], 'faults under load, PostgreSQL and Redis', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let settings: Readonly<Record<string, string>>
  let server: RepriseServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    settings = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    server = await startReprise(settings)
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const restartServer = async () => {
    await server.kill('SIGKILL')
    server = await startReprise({ ...settings, PORT: new URL(server.url).port })
  }

  /** Nothing that a client was told turned out wrong. */
  function expectTrueHistory(end: FaultRunEnd): void {
    expect(end.violations).toEqual([])
    expect(end.erased + end.migrated).toBeGreaterThan(0)
  }
  /** Redis is a help and no more: without it every request is served, none waits long. */
  function expectUndisturbed({ appends, reads }: FaultRunEnd): void {
    for (const disturbance of [appends, reads]) {
      expect(disturbance).toMatchObject({ failed: 0, unknown: 0 })
      expect(disturbance.longestGapMs).toBeLessThan(3_000)
    }
  }

  it('the server is killed and started again', async () => {
    expectTrueHistory(await runFault({ name: 'killed', urls: [server.url], fault: restartServer }))
  })

  it('B3 Redis is killed and comes back empty', async () => {
    const end = await runFault({
      name: 'redis-empty',
      urls: [server.url],
      fault: async () => {
        await redis.kill()
        await sleep(300)
        await redis.restart({ empty: true })
      },
    })
    expectTrueHistory(end)
    expectUndisturbed(end)
  })

  it('B3 Redis is killed and comes back as it was a while ago', async () => {
    const end = await runFault({
      name: 'redis-older',
      urls: [server.url],
      fault: async () => {
        expect(await redisCli(redis.url, 'SAVE')).toBe('OK')
        await sleep(400)
        await redis.kill()
        await sleep(300)
        await redis.restart()
        expect(await redisKeys(redis.url)).toContainEqual(expect.stringMatching(/^guest:redis-older-/))
      },
    })
    expectTrueHistory(end)
    expectUndisturbed(end)
  })

  it('B3 Redis is silent for two seconds', async () => {
    const end = await runFault({
      name: 'redis-silent',
      urls: [server.url],
      fault: async () => {
        redis.pause()
        await sleep(2_000)
        redis.resume()
      },
    })
    expectTrueHistory(end)
    expectUndisturbed(end)
  })

  it('A7 PostgreSQL is stopped at once and started again', async () => {
    const end = await runFault({
      name: 'postgres-restarted',
      urls: [server.url],
      fault: () => postgres.restart('immediate'),
    })
    expectTrueHistory(end)
  })

  it('two servers share PostgreSQL and Redis, and one is killed', async () => {
    await using other = await startReprise(settings)
    const end = await runFault({ name: 'two-servers', urls: [server.url, other.url], fault: restartServer })
    expectTrueHistory(end)
    // Half of the requests went to the one that stayed.
    expect(end.appends.longestGapMs).toBeLessThan(3_000)
  })

  it('A7 PostgreSQL is silent for two seconds', async () => {
    const end = await runFault({
      name: 'postgres-silent',
      urls: [server.url],
      fault: () => silencePostgres(postgres, 2_000),
    })
    expectTrueHistory(end)
    expect(end.appends.longestGapMs).toBeGreaterThan(1_000)
  })

  it('A3 C1 C2 C4 C6 C7 C8 after all of that the tables agree with each other, and Redis with them', async () => {
    expect(await disagreementsIn(text => sql(postgres.url, text))).toEqual([])
    const verified = await runCli(['verify'], settings)
    expect(`${verified.code} ${verified.stdout}${verified.stderr}`).toMatch(/^0 /)
  })
})
