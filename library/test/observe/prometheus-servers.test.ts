import { Announcer, systemClock } from 'reprise'
import { connectPostgres, type DatabaseEvents, type Statement } from 'reprise/postgres'
import { type PrometheusMetrics, prometheusMetrics } from 'reprise/prometheus'
import { connectRedis } from 'reprise/redis'
import { expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { startRedis } from '../../../testbed/servers/redis.ts'

async function sampleOf(metrics: PrometheusMetrics, sample: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find(text => text.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.slice(sample.length))
}

function select(text: string, table = 'message_cache'): Statement {
  return { text, values: [], labels: { queryType: 'SELECT', table } }
}

describeWith(['postgres'], 'prometheus metrics over a real PostgreSQL', () => {
  test('F5 F6 pools are right while connections are taken and given back, on success, error and a broken connection', async () => {
    await using server = await startPostgres()
    await using proxy = await startProxy(server.port)
    const direct = new Announcer<DatabaseEvents>()
    const proxied = new Announcer<DatabaseEvents>()
    const metrics = prometheusMetrics({ databases: [direct, proxied] })
    const one = connectPostgres({ url: server.url, maxConnections: 4, announcer: direct })
    const proxiedUrl = server.url.replace(`:${server.port}/`, `:${proxy.port}/`)
    const other = connectPostgres({ url: proxiedUrl, maxConnections: 3, announcer: proxied })
    const pool = async () => [
      await sampleOf(metrics, 'db_connection_pool_size'),
      await sampleOf(metrics, 'db_connection_pool_available'),
    ]

    await one.run(select('SELECT 1'))
    await other.run(select('SELECT 1'))
    expect(await pool()).toEqual([7, 7])

    const busy = [one.run(select('SELECT pg_sleep(0.5)')), one.run(select('SELECT pg_sleep(0.5)'))]
    const broken = other.run(select('SELECT pg_sleep(30)')).catch(() => 'broken')
    await expect.poll(pool).toEqual([7, 4])
    proxy.cut()
    expect(await broken).toBe('broken')
    await Promise.all(busy)
    await expect(one.run(select('SELECT no_such_column FROM pg_class'))).rejects.toThrow()
    await expect.poll(pool).toEqual([7, 7])

    const label = '{query_type="SELECT",table="message_cache"}'
    expect(await sampleOf(metrics, `db_queries_total${label}`)).toBe(6)
    expect(await sampleOf(metrics, `reprise_db_query_failures_total${label}`)).toBe(2)
    expect(await sampleOf(metrics, `db_query_duration_seconds_count${label}`)).toBe(6)
    await Promise.all([one.close(), other.close()])
    metrics.close()
  })
})

describeWith(['redis-server'], 'prometheus metrics over a real Redis', () => {
  test('F4 the memory of Redis follows it, is absent while Redis is away, and a scrape never waits', async () => {
    await using server = await startRedis()
    const redis = await connectRedis({ url: server.url })
    // Sampling every 20 ms in place of every five seconds.
    const clock = { ...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(20, signal) }
    const metrics = prometheusMetrics({ cacheMemoryBytes: () => redis.usedMemory(), clock })
    const memory = () => sampleOf(metrics, 'cache_memory_usage_bytes')
    await expect.poll(memory).toBeGreaterThan(500_000)
    await redis.run('write', ['SET', 'guest:web-1', 'x'.repeat(4_000_000)])
    await expect.poll(memory).toBeGreaterThan(4_000_000)

    await server.kill()
    await expect.poll(memory, { timeout: 5_000 }).toBeUndefined()
    const startedAt = performance.now()
    await metrics.text()
    expect(performance.now() - startedAt).toBeLessThan(100)

    await server.restart()
    await expect.poll(memory, { timeout: 10_000 }).toBeGreaterThan(500_000)
    metrics.close()
    await redis.close()
  })
})
