import { readFile } from 'node:fs/promises'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { contentsOf, erase, historyOf, say } from './chat.ts'
import { sql } from './deployment.ts'
import { redisCli } from './redis-cli.ts'

const tables = await readFile(new URL('older-system.sql', import.meta.url), 'utf8')
const older = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `${name} ${index}`,
    timestamp: `2025-01-01T12:00:0${index}.000Z`,
  }))

/** What an older system left in Redis: arrays in strings, lists of messages, and what was only there. */
async function leaveInRedis(url: string): Promise<void> {
  await redisCli(url, 'SET', 'guest:old-string', JSON.stringify(older('string', 4)))
  await redisCli(url, 'RPUSH', 'guest:old-list', ...older('list', 3).map(message => JSON.stringify(message)))
  await redisCli(url, 'SET', 'guest:old-both', JSON.stringify(older('both', 3)))
}

async function expectAllTaken(url: string): Promise<void> {
  expect(await historyOf(url, 'old-string')).toEqual(older('string', 4))
  expect(await historyOf(url, 'old-list')).toEqual(older('list', 3))
  expect(await contentsOf(url, 'old-both')).toEqual(['both 0', 'both 1', 'both 2'])
  await expectTablesTaken(url)
}

async function expectTablesTaken(url: string): Promise<void> {
  expect(await contentsOf(url, 'old-numbered')).toEqual(['numbered 0', 'numbered 1', 'numbered 2'])
  expect(await contentsOf(url, 'old-unnumbered')).toEqual(['unnumbered 0', 'unnumbered 1'])
}

describe('an older system on the embedded database', () => {
  it('C1 C2 C7 its tables are taken over: nothing is lost, and guests go on', async () => {
    await using directory = await privateDirectory('older')
    const database = await openEmbeddedDatabase({ directory: directory.path })
    await database.transaction(transaction => transaction.script(tables))
    await database.close()
    await using server = await startReprise({ DATA_DIR: directory.path })
    await expectTablesTaken(server.url)
    expect((await say(server.url, 'old-numbered', 'I am still here')).sequence).toBe(3)
    expect(await erase(server.url, 'old-unnumbered')).toMatchObject({ rows: { message_cache: 2 } })
  })
})

describeWith(['postgres', 'redis-server', 'redis-cli'], 'an older system on PostgreSQL and Redis', () => {
  async function startOlderSystem(): Promise<readonly [PostgresServer, RedisServer]> {
    const [postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
    await sql(postgres.url, tables)
    await leaveInRedis(redis.url)
    return [postgres, redis]
  }

  it('B1 C1 C2 C7 tables and keys are taken over at the first start: nothing is lost, and guests go on', async () => {
    const [postgres, redis] = await startOlderSystem()
    await using _ = postgres
    await using __ = redis
    const settings = { DATABASE_URL: postgres.url, REDIS_URL: redis.url }
    {
      await using server = await startReprise(settings)
      await expectAllTaken(server.url)
      expect((await say(server.url, 'old-list', 'I am still here')).sequence).toBe(3)
      expect((await say(server.url, 'old-numbered', 'So am I')).sequence).toBe(3)
      const [account] = await sql(postgres.url, `SELECT * FROM usage_metrics WHERE user_id = 'old-numbered'`)
      expect(Number(account?.['total_requests'])).toBe(4)
      expect(await redisCli(redis.url, 'TYPE', 'guest:old-list')).toBe('string')
    }
    await redisCli(redis.url, 'FLUSHALL')
    await using again = await startReprise(settings)
    expect(await historyOf(again.url, 'old-string')).toEqual(older('string', 4))
    expect(await contentsOf(again.url, 'old-list')).toEqual(['list 0', 'list 1', 'list 2', 'I am still here'])
  })

  it('B3 keys are taken over too when Redis is away at the first start and comes later', async () => {
    const [postgres, redis] = await startOlderSystem()
    await using _ = postgres
    await using __ = redis
    await redisCli(redis.url, 'SAVE')
    await redis.kill()
    await using server = await startReprise({ DATABASE_URL: postgres.url, REDIS_URL: redis.url })
    await expectTablesTaken(server.url)
    await redis.restart()
    // Guests are taken over one after the other.
    const taken = async () => {
      const histories = ['old-string', 'old-list', 'old-both'].map(guest => contentsOf(server.url, guest))
      return (await Promise.all(histories)).map(({ length }) => length)
    }
    await expect.poll(taken, { timeout: 15_000 }).toEqual([4, 3, 3])
    await expectAllTaken(server.url)
  })
})
