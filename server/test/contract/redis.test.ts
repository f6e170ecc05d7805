import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { startRedisCluster } from '../../../testbed/servers/redis-cluster.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { jsonOf } from '../http/exchange.ts'
import { contentsOf, erase, historyOf, migrateTo, say, sourceOf, untilCopied } from './chat.ts'
import { sql } from './deployment.ts'
import { redisCli, redisKeys } from './redis-cli.ts'

const day = 86_400

describeWith(['postgres', 'redis-server', 'redis-cli'], 'the contract of Redis', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let server: RepriseServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
    server = await startReprise({ DATABASE_URL: postgres.url, REDIS_URL: redis.url, EMBEDDER: 'none' })
  })
  afterAll(async () => {
    await server.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const cli = (...command: readonly string[]) => redisCli(redis.url, ...command)
  const isSynced = async (guest: string) => {
    const rows = await sql(
      postgres.url,
      `SELECT p.is_synced FROM cache_content_mapping p JOIN message_cache m ON m.id = p.cache_id
       WHERE p.user_id = $1 ORDER BY m.sequence`,
      [guest],
    )
    return rows.map(row => row['is_synced'])
  }
  const available = async () =>
    (await jsonOf<{ readonly redis_available: boolean }>(fetch(`${server.url}/api/cache/health`))).redis_available
  const untilBack = () => expect.poll(available, { timeout: 20_000 }).toBe(true)

  it('B1 the key is a string: a JSON array of role, content, timestamp, the very bytes that are answered', async () => {
    const messages = [
      { role: 'user', content: 'Grüße 🙂 "x" \\ \n', timestamp: '2026-01-31T12:00:00.000Z' },
      { role: 'assistant', content: 'Hello', timestamp: '2026-01-31T12:00:01.000Z' },
    ]
    for (const message of messages) await say(server.url, 'b1', message)
    await untilCopied(server.url, 'b1')
    expect(await cli('TYPE', 'guest:b1')).toBe('string')
    const text = await cli('GET', 'guest:b1')
    expect(text).toBe(JSON.stringify(messages))
    const response = await fetch(`${server.url}/v1/guest/chat/b1`)
    expect(response.headers.get('x-reprise-source')).toBe('redis')
    expect(await response.text()).toBe(text)
  })

  it('B1 it lives a day, renewed by each message', async () => {
    await say(server.url, 'b1-life', 'one')
    await untilCopied(server.url, 'b1-life')
    expect(Number(await cli('TTL', 'guest:b1-life'))).toBeGreaterThan(day - 60)
    await cli('EXPIRE', 'guest:b1-life', '100')
    await say(server.url, 'b1-life', 'two')
    await untilCopied(server.url, 'b1-life')
    expect(Number(await cli('TTL', 'guest:b1-life'))).toBeGreaterThan(day - 60)
    expect(Number(await cli('TTL', 'guest:b1-life'))).toBeLessThanOrEqual(day)
  })

  it('B1 A3 erasing removes it: no key holds a word, only an epoch that goes by itself', async () => {
    await say(server.url, 'b1-erased', 'unheard-of words')
    await untilCopied(server.url, 'b1-erased')
    expect(await erase(server.url, 'b1-erased')).toMatchObject({ deleted_from: ['redis', 'postgresql'], copy_keys: 1 })
    expect(await cli('EXISTS', 'guest:b1-erased')).toBe('0')
    const named = (await redisKeys(redis.url)).filter(key => key.includes('b1-erased'))
    expect(named).toEqual(['reprise:copy:{guest:b1-erased}'])
    expect(await cli('GET', 'reprise:copy:{guest:b1-erased}')).toMatch(/^\d+:-$/)
    expect(Number(await cli('TTL', 'reprise:copy:{guest:b1-erased}'))).toBeGreaterThan(0)
    for (const key of await redisKeys(redis.url)) expect(await cli('GET', key)).not.toContain('unheard-of')
  })

  it('B1 migration removes it', async () => {
    await say(server.url, 'b1-migrated', 'words of a user to be')
    await untilCopied(server.url, 'b1-migrated')
    expect((await migrateTo(server.url, 'b1-migrated', 'b1-user')).status).toBe(200)
    expect(await cli('EXISTS', 'guest:b1-migrated')).toBe('0')
    for (const key of await redisKeys(redis.url)) expect(await cli('GET', key)).not.toContain('a user to be')
  })

  it('B1 a copy past 1 MB is dropped, and PostgreSQL serves', async () => {
    const long = 'x'.repeat(250_000)
    for (let count = 0; count < 5; count += 1) await say(server.url, 'b1-long', `${count} ${long}`)
    await expect.poll(() => cli('EXISTS', 'guest:b1-long')).toBe('0')
    expect(await sourceOf(server.url, 'b1-long')).toBe('postgresql')
    expect(await contentsOf(server.url, 'b1-long')).toHaveLength(5)
  })

  it('B1 a copy that somebody else changed is not believed, and mended', async () => {
    await say(server.url, 'b1-foreign', 'what was said')
    await untilCopied(server.url, 'b1-foreign')
    await cli('SET', 'guest:b1-foreign', '[{"role":"user","content":"what was never said"}]')
    expect(await contentsOf(server.url, 'b1-foreign')).toEqual(['what was said'])
    await untilCopied(server.url, 'b1-foreign')
    expect(await cli('GET', 'guest:b1-foreign')).toContain('what was said')
  })

  it('C8 is_synced is false while the copy lacks a message, and true once it has it', async () => {
    await say(server.url, 'c8', 'with Redis')
    await expect.poll(() => isSynced('c8')).toEqual([true])
    await redis.kill()
    expect((await say(server.url, 'c8', 'without Redis')).stored_in).toEqual(['postgresql'])
    await expect.poll(() => isSynced('c8')).toEqual([true, false])
    await redis.restart({ empty: true })
    await untilBack()
    // Nobody reads: it is repaired by itself.
    await expect.poll(() => isSynced('c8'), { timeout: 10_000 }).toEqual([true, true])
    expect(JSON.parse(await cli('GET', 'guest:c8'))).toMatchObject([
      { content: 'with Redis' },
      { content: 'without Redis' },
    ])
  })

  it('A3 while Redis is away the deletion is pending, and is carried out when it is back', async () => {
    await say(server.url, 'a3-away', 'words to forget')
    await untilCopied(server.url, 'a3-away')
    await cli('SAVE')
    await redis.kill()
    expect(await erase(server.url, 'a3-away')).toMatchObject({ deleted_from: ['postgresql'], pending: ['redis'] })
    expect(await historyOf(server.url, 'a3-away')).toEqual([])
    await redis.restart()
    await expect.poll(() => cli('EXISTS', 'guest:a3-away'), { timeout: 15_000 }).toBe('0')
    expect(await historyOf(server.url, 'a3-away')).toEqual([])
  })

  it('A3 what was erased does not come back with an older Redis', async () => {
    await untilBack()
    await say(server.url, 'a3-older', 'words to forget')
    await untilCopied(server.url, 'a3-older')
    await cli('SAVE')
    expect(await erase(server.url, 'a3-older')).toMatchObject({ deleted_from: ['redis', 'postgresql'], pending: [] })
    await redis.kill()
    await expect.poll(available).toBe(false)
    await redis.restart()
    expect(await historyOf(server.url, 'a3-older')).toEqual([])
    await expect.poll(() => cli('EXISTS', 'guest:a3-older'), { timeout: 15_000 }).toBe('0')
  })

  it('A3 A7 an older Redis answers nothing without PostgreSQL, since it may hold what was erased', async () => {
    await untilBack()
    await say(server.url, 'a3-both-away', 'words to forget')
    await untilCopied(server.url, 'a3-both-away')
    await cli('SAVE')
    await erase(server.url, 'a3-both-away')
    await redis.kill()
    await expect.poll(available).toBe(false)
    await postgres.kill('SIGQUIT')
    await redis.restart()
    await untilBack()
    expect(await cli('GET', 'guest:a3-both-away')).toContain('words to forget')
    for (const path of ['', '?limit=10']) {
      const read = await fetch(`${server.url}/v1/guest/chat/a3-both-away${path}`)
      expect(`${read.status} ${await read.text()}`).toMatch(/^503 (?!.*to forget)/)
    }
    await postgres.restart()
    await expect.poll(() => cli('EXISTS', 'guest:a3-both-away'), { timeout: 40_000 }).toBe('0')
    await say(server.url, 'a3-stale-again', 'Redis may be asked alone again')
    await untilCopied(server.url, 'a3-stale-again')
    await postgres.kill('SIGQUIT')
    expect(await contentsOf(server.url, 'a3-stale-again')).toEqual(['Redis may be asked alone again'])
    await postgres.restart()
    await expect.poll(async () => (await fetch(`${server.url}/readyz`)).status, { timeout: 20_000 }).toBe(200)
  }, 60_000)

  it('B3 lost at run time everything goes on, health says so, and it is taken up by itself', async () => {
    await untilBack()
    // After an outage of PostgreSQL a first message may still be refused for a moment.
    await expect.poll(() => say(server.url, 'b3', 'before').catch(String), { timeout: 10_000 }).toBeTypeOf('object')
    await redis.kill()
    expect((await say(server.url, 'b3', 'during')).stored_in).toEqual(['postgresql'])
    expect(await contentsOf(server.url, 'b3')).toEqual(['before', 'during'])
    expect(await sourceOf(server.url, 'b3')).toBe('postgresql')
    expect((await migrateTo(server.url, 'b3-other', 'nobody')).status).toBe(404)
    await expect.poll(available).toBe(false)
    expect(await jsonOf(fetch(`${server.url}/api/cache/health`))).toMatchObject({
      status: 'degraded',
      warnings: [expect.stringContaining('REDIS_URL')],
    })
    await redis.restart()
    await untilBack()
    await say(server.url, 'b3-later', 'after')
    await untilCopied(server.url, 'b3-later')
    expect(await contentsOf(server.url, 'b3')).toEqual(['before', 'during'])
    await untilCopied(server.url, 'b3')
  })

  it('B3 away at start the server starts without it, and takes it up when it comes', async () => {
    await redis.kill()
    await using late = await startReprise({ DATABASE_URL: postgres.url, REDIS_URL: redis.url, EMBEDDER: 'none' })
    expect((await say(late.url, 'b3-start', 'alone')).stored_in).toEqual(['postgresql'])
    await redis.restart()
    const storedIn = async () => (await say(late.url, 'b3-start-after', 'together')).stored_in
    await expect.poll(storedIn, { timeout: 20_000, interval: 200 }).toEqual(['redis', 'postgresql'])
    await untilBack()
  })

  it('B2 ENABLE_REDIS_CACHE=false leaves Redis alone', async () => {
    const settings = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, ENABLE_REDIS_CACHE: 'false' }
    await using alone = await startReprise(settings)
    expect((await say(alone.url, 'b2-memory', 'kept in memory')).stored_in).toEqual(['memory', 'postgresql'])
    expect(await contentsOf(alone.url, 'b2-memory')).toEqual(['kept in memory'])
    expect((await redisKeys(redis.url)).filter(key => key.includes('b2-memory'))).toEqual([])
  })
})

describeWith(['postgres', 'redis-server', 'openssl'], 'the contract of Redis over TLS', () => {
  it('B2 rediss:// serves with a certificate that NODE_EXTRA_CA_CERTS vouches for', async () => {
    await using redis = await startRedis({ tls: true })
    await using server = await startReprise({ REDIS_URL: redis.url, NODE_EXTRA_CA_CERTS: redis.caFile ?? '' })
    await say(server.url, 'b2-tls', 'encrypted')
    await untilCopied(server.url, 'b2-tls')
    expect(await sourceOf(server.url, 'b2-tls')).toBe('redis')
  })
})

describeWith(['redis-server', 'redis-cli'], 'the contract of a Redis Cluster', () => {
  it('B2 REDIS_CLUSTER_NODES: guests live on all of its nodes', async () => {
    await using cluster = await startRedisCluster()
    await using server = await startReprise({ REDIS_CLUSTER_NODES: cluster.addresses })
    const guests = Array.from({ length: 12 }, (_, index) => `b2-cluster-${index}`)
    for (const guest of guests) await say(server.url, guest, `I am ${guest}`)
    for (const guest of guests) {
      await untilCopied(server.url, guest)
      expect(await contentsOf(server.url, guest)).toEqual([`I am ${guest}`])
    }
    for (const guest of guests) expect(await erase(server.url, guest)).toMatchObject({ copy_keys: 1, pending: [] })
  })
})

describe('the contract without Redis', () => {
  it('B2 the memory of the process serves in its place, and answers say so', async () => {
    await using server = await startReprise()
    expect((await say(server.url, 'b2-none', 'kept in memory')).stored_in).toEqual(['memory', 'postgresql'])
    expect(await sourceOf(server.url, 'b2-none')).toBe('memory')
    expect(await erase(server.url, 'b2-none')).toMatchObject({ deleted_from: ['memory', 'postgresql'], pending: [] })
  })

  it('D8 ENABLE_CACHE=false: every verb works on PostgreSQL alone', async () => {
    await using server = await startReprise({ ENABLE_CACHE: 'false' })
    const { url } = server
    expect((await say(url, 'd8', 'one')).stored_in).toEqual(['postgresql'])
    expect((await say(url, 'd8', 'two')).sequence).toBe(1)
    const response = await fetch(`${url}/v1/guest/chat/d8`)
    expect(response.headers.get('x-reprise-source')).toBe('postgresql')
    expect(await response.json()).toMatchObject([{ content: 'one' }, { content: 'two' }])
    expect(await jsonOf(fetch(`${url}/v1/guest/chat/d8?limit=1`))).toMatchObject({ messages: [{ content: 'one' }] })
    expect((await (await fetch(`${url}/v1/guest/chat/d8/export`)).text()).trim().split('\n')).toHaveLength(2)
    expect(await erase(url, 'd8')).toMatchObject({ deleted_from: ['postgresql'], pending: [] })
    expect(await historyOf(url, 'd8')).toEqual([])
    await say(url, 'd8', 'three')
    expect((await migrateTo(url, 'd8', 'd8-user')).status).toBe(200)
    expect(await jsonOf(fetch(`${url}/v1/users/me/conversations?user_id=d8-user`))).toMatchObject({
      conversations: [{ message_count: 1 }],
    })
    expect(await jsonOf(fetch(`${url}/api/cache/health`))).toMatchObject({ status: 'healthy' })
    expect((await fetch(`${url}/metrics`)).status).toBe(200)
  })
})
