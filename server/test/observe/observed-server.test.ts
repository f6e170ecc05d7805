import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connectPostgres, type Database } from 'reprise/postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'

const program = join(import.meta.dirname, '../../dist/cli/main.js')

describeWith(['postgres', 'redis-server'], 'the observed server', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let database: Database
  let server: ChildProcess
  let url: string
  let log = ''

  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres(), startRedis()])
    database = connectPostgres({ url: postgres.url, maxConnections: 1 })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const env = {
      ...process.env,
      PORT: `${port}`,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      LOG_LEVEL: 'debug',
    }
    server = spawn(process.execPath, [program, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
    server.stderr?.on('data', text => {
      log += text
    })
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200), { timeout: 20_000 })
  })
  afterAll(async () => {
    server.kill('SIGKILL')
    await database.close()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  async function get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(url + path)
    return { status: response.status, text: await response.text() }
  }
  async function say(guest: string, content: string): Promise<string> {
    const body = JSON.stringify({ role: 'user', content })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/guest/chat/${guest}`, { method: 'POST', headers, body })
    return String(Reflect.get(Object(await response.json()), 'message_id'))
  }
  const health = async (): Promise<unknown> => JSON.parse((await get('/api/cache/health')).text)
  async function hour(): Promise<unknown> {
    const { rows } = await database.run({
      text: `SELECT sum(cache_hits)::bigint AS hits, sum(cache_misses)::bigint AS misses,
                    sum(total_requests)::bigint AS requests, max(total_entries) AS entries FROM cache_metrics`,
      values: [],
      labels: { queryType: 'SELECT', table: 'cache_metrics' },
    })
    return rows[0]
  }

  test('E1 the server is well and its rates are 0 before any use', async () => {
    expect(await health()).toEqual({
      status: 'healthy',
      redis_available: true,
      warnings: [],
      stats_summary: { ai_hit_rate: 0, rag_hit_rate: 0, db_hit_rate: 0 },
    })
  })

  test('A6 a saved message leaves its five debug lines, and the log neither its words nor its guest', async () => {
    const messageId = await say('a-guest-unnamed', 'words unwritten')
    const steps = () =>
      log
        .split('\n')
        .filter(line => line.includes(messageId) && line.includes('"step"'))
        .map(line => JSON.parse(line).step)
        .sort()
    await expect.poll(steps).toEqual(['embedding', 'mapping', 'postgresql', 'redis', 'usage'])
    await expect.poll(() => log).toContain('embedding stored')
    expect(log).not.toMatch(/unnamed|unwritten/)
  })

  test('C5 reads are in the hourly table within two seconds: one hit, one miss', async () => {
    await get('/v1/guest/chat/a-guest-unnamed')
    await get('/v1/guest/chat/nobody')
    await expect.poll(hour, { timeout: 2_000, interval: 50 }).toEqual({ hits: 1, misses: 1, requests: 2, entries: 1 })
  })

  test('F1 F2 F3 F4 F5 F6 the families are at /metrics and have moved', async () => {
    const { text } = await get('/metrics')
    for (const sample of [
      /^cache_operations_total\{operation="get",result="hit"\} 1$/m,
      /^cache_operations_total\{operation="get",result="miss"\} 1$/m,
      /^cache_operation_duration_seconds_count\{operation="get"\} 2$/m,
      /^cache_hit_rate 50$/m,
      /^cache_memory_usage_bytes [1-9]\d{5,}$/m,
      /^db_connection_pool_size 11$/m,
      /^db_connection_pool_available \d+$/m,
      /^db_queries_total\{query_type="INSERT",table="message_cache"\} 1$/m,
      /^db_query_duration_seconds_count\{query_type="INSERT",table="message_cache"\} 1$/m,
      /^reprise_embeddings_total\{result="stored"\} 1$/m,
      /^reprise_http_requests_total\{method="POST",route="[^"]+",status="200"\} 1$/m,
    ]) {
      expect(text).toMatch(sample)
    }
  })

  test('B3 E1 Redis away is degraded and says what to do; it is taken up again by itself', async () => {
    await redis.kill()
    await expect.poll(health, { timeout: 10_000 }).toMatchObject({
      status: 'degraded',
      redis_available: false,
      warnings: [expect.stringContaining('REDIS_URL')],
    })
    await redis.restart()
    await expect
      .poll(health, { timeout: 10_000 })
      .toMatchObject({ status: 'healthy', redis_available: true, warnings: [] })
  })

  test('E1 PostgreSQL away is unhealthy and not ready, and is taken up again by itself', async () => {
    await postgres.kill('SIGKILL')
    await expect.poll(health, { timeout: 10_000 }).toMatchObject({ status: 'unhealthy' })
    expect((await get('/readyz')).status).toBe(503)
    expect((await get('/healthz')).status).toBe(200)
    await postgres.restart()
    await expect.poll(health, { timeout: 10_000 }).toMatchObject({ status: 'healthy' })
  })

  test('C5 the last counts are flushed when the server stops', async () => {
    for (let count = 0; count < 5; count += 1) await get('/v1/guest/chat/a-guest-unnamed')
    server.kill('SIGTERM')
    expect((await once(server, 'exit'))[0]).toBe(0)
    expect(await hour()).toMatchObject({ hits: 6, misses: 1 })
  })
})
