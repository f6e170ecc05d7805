import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { metricFamilies } from 'reprise/prometheus'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { requireBinary } from '../../../testbed/binaries.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type PrometheusServer, startPrometheus } from '../../../testbed/servers/prometheus.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'

const rules = join(import.meta.dirname, '../../../deploy/prometheus')

describeWith(['postgres', 'redis-server', 'prometheus', 'promtool'], 'a server that a real Prometheus scrapes', () => {
  let postgres: PostgresServer
  let redis: RedisServer
  let server: RepriseServer
  let prometheus: PrometheusServer
  beforeAll(async () => {
    ;[postgres, redis] = await Promise.all([startPostgres({ settings: { fsync: 'off' } }), startRedis()])
    const settings = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, EMBEDDER: 'none', SLOW_QUERY_MS: '0' }
    server = await startReprise({ ...settings, LOG_LEVEL: 'error', DATABASE_POOL_SIZE: '5' })
    prometheus = await startPrometheus({
      targets: [new URL(server.url).host],
      rules: [join(rules, 'recording.yml'), join(rules, 'alerts.yml')],
    })
  })
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]()
    await server.stop()
    await Promise.all([postgres.stop(), redis.stop()])
  })

  const found = async (expression: string) => (await prometheus.query(expression))[0]?.value
  const eventually = (expression: string) =>
    expect.poll(() => found(expression), { timeout: 20_000, interval: 200, message: expression })

  async function chat(method: 'GET' | 'POST' | 'DELETE', guest: string, content?: string): Promise<number> {
    const init = { method, headers: { 'content-type': 'application/json' } }
    const body = content === undefined ? {} : { body: JSON.stringify({ role: 'user', content }) }
    const response = await fetch(`${server.url}/v1/guest/chat/${guest}`, { ...init, ...body })
    await response.arrayBuffer()
    return response.status
  }

  test('F1 F2 F3 F4 F5 F6 F7 exact counts after a scripted workload', { timeout: 90_000 }, async () => {
    expect(await chat('GET', 'ann')).toBe(200)
    for (const content of ['one', 'two', 'three']) expect(await chat('POST', 'ann', content)).toBe(200)
    // The copy is written beside the answer.
    await eventually('cache_operations_total{operation="set",result="success"}').toBe(3)
    for (let read = 0; read < 3; read += 1) expect(await chat('GET', 'ann')).toBe(200)
    expect(await chat('DELETE', 'ann')).toBe(200)
    expect(await chat('POST', 'ann', 'x'.repeat(300_000))).toBe(413)
    await eventually('cache_operations_total{operation="delete",result="success"}').toBe(1)
    await eventually('sum(reprise_http_requests_total{route="/v1/guest/chat/:guest_id"})').toBe(9)

    const counts: Readonly<Record<string, number>> = {
      'cache_operations_total{operation="get",result="hit"}': 3,
      'cache_operations_total{operation="get",result="miss"}': 1,
      'cache_operations_total{operation="get",result="error"}': 0,
      'cache_operations_total{operation="set",result="error"}': 0,
      'cache_operations_total{operation="invalidate_pattern",result="success"}': 0,
      'cache_operation_duration_seconds_count{operation="get"}': 4,
      'cache_operation_duration_seconds_count{operation="set"}': 3,
      'cache_operation_duration_seconds_bucket{operation="delete",le="+Inf"}': 1,
      cache_hit_rate: 75,
      // The chat's five, and one that counts.
      db_connection_pool_size: 6,
      'reprise_db_pool_size{pool="chat"}': 5,
      'reprise_db_pool_size{pool="counting"}': 1,
      'db_queries_total{query_type="INSERT",table="message_cache"}': 3,
      'db_query_duration_seconds_count{query_type="INSERT",table="message_cache"}': 3,
      'db_queries_total{query_type="DELETE",table="message_cache"}': 1,
      'reprise_db_query_rows_total{query_type="DELETE",table="message_cache"}': 3,
      'reprise_db_slow_queries_total{query_type="INSERT",table="message_cache"}': 3,
      'sum(reprise_db_query_failures_total) or vector(0)': 0,
      'sum(reprise_db_pool_acquisition_timeouts_total) or vector(0)': 0,
      'sum(reprise_cache_evictions_total)': 0,
      'sum(reprise_cache_warm_runs_total)': 0,
      'reprise_messages_saved_total{principal="guest",kind="saved"}': 3,
      'reprise_history_reads_total{source="redis",outcome="hit"}': 3,
      'reprise_erased_total{copy="done"}': 1,
      'reprise_http_requests_total{method="POST",status="200"}': 3,
      'reprise_http_requests_total{method="POST",status="413"}': 1,
    }
    for (const [expression, value] of Object.entries(counts)) await eventually(expression).toBe(value)
    await eventually('db_connection_pool_available').toBe(6)
    await eventually('cache_memory_usage_bytes > bool 500000').toBe(1)
    // What is recorded anew from them.
    await eventually('instance:reprise_db_pool_utilisation:ratio').toBe(0)
    await eventually('up{job="reprise"}').toBe(1)
  })

  test('F1 F2 F3 F4 F5 F6 F7 what is shown is clean, and every family is declared once', async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const promtool = requireBinary('promtool')
    // It fails, and says why, where a name or a type is against the rules.
    expect(execFileSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
    const shown = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
    expect(new Set(shown).size).toBe(shown.length)
    expect(shown).toEqual(expect.arrayContaining(Object.values(metricFamilies).map(({ name }) => name)))
  })

  test('F5 F7 a lost server is noticed by the rules', { timeout: 90_000 }, async () => {
    await redis.kill()
    await eventually('reprise_copy_available').toBe(0)
    await eventually('count(ALERTS{alertname="RepriseWithoutRedis"})').toBe(1)
    await redis.restart()
    await eventually('reprise_copy_available').toBe(1)
    await eventually('count(ALERTS{alertname="RepriseWithoutRedis"}) or vector(0)').toBe(0)
  })
})
