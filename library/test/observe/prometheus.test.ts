import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Announcer, type HourlyMetrics, type HourlyMetricsEvents, newMessageId } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import type { DatabaseEvents } from 'reprise/postgres'
import { metricFamilies, type PrometheusMetrics, type PrometheusOptions, prometheusMetrics } from 'reprise/prometheus'
import { afterEach, describe, expect, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { requireBinary } from '../../../testbed/binaries.ts'
import { costOf } from './cost-of.ts'

const conversations = new Announcer<ConversationEvents>()
const running: PrometheusMetrics[] = []
afterEach(() => {
  for (const metrics of running.splice(0)) metrics.close()
})

function start(options: PrometheusOptions = {}): PrometheusMetrics {
  const metrics = prometheusMetrics({ conversations, ...options })
  running.push(metrics)
  return metrics
}

/** The value of a sample such as `cache_hit_rate` or `cache_operations_total{operation="get",result="hit"}`. */
async function sampleOf(metrics: PrometheusMetrics, sample: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find(text => text.startsWith(`${sample} `))
  return line === undefined ? undefined : Number(line.slice(sample.length))
}

function operate(operation: 'get' | 'set' | 'delete', result: 'hit' | 'miss' | 'success' | 'error', durationMs = 1) {
  conversations.announce('copy_operation', { operation, result, durationMs })
}

const place = { messageId: newMessageId(0), conversationId: newMessageId(0) as never, sequence: 0 }
const saved: ConversationEvents['message_saved'] = {
  owner: 'web-1',
  guest: true,
  place,
  replayed: false,
  copy: 'appended',
  storedIn: ['redis', 'postgresql'],
  embeddingQueued: true,
  storeMs: 2,
  totalMs: 3,
}

function database(): Announcer<DatabaseEvents> {
  return new Announcer()
}

function query(table: string, failed = false): DatabaseEvents['query'] {
  return { labels: { queryType: 'SELECT', table }, durationMs: 5, failed }
}

function countingHours(): HourlyMetrics {
  return {
    events: new Announcer<HourlyMetricsEvents>(),
    droppedRequests: 0,
    recordGeneration: () => {},
    flush: async () => {},
    close: async () => {},
  }
}

describe('prometheus metrics', () => {
  test('F1 operations are counted by kind and result, from 0 on', async () => {
    const metrics = start()
    expect(await sampleOf(metrics, 'cache_operations_total{operation="get",result="hit"}')).toBe(0)
    operate('get', 'hit')
    operate('get', 'hit')
    operate('get', 'error')
    operate('set', 'success')
    operate('delete', 'error')
    expect(await sampleOf(metrics, 'cache_operations_total{operation="get",result="hit"}')).toBe(2)
    expect(await sampleOf(metrics, 'cache_operations_total{operation="get",result="error"}')).toBe(1)
    expect(await sampleOf(metrics, 'cache_operations_total{operation="set",result="success"}')).toBe(1)
    expect(await sampleOf(metrics, 'cache_operations_total{operation="delete",result="error"}')).toBe(1)
  })

  test('F2 operations are timed in seconds', async () => {
    const metrics = start()
    operate('get', 'hit', 0.2)
    operate('get', 'hit', 30)
    expect(await sampleOf(metrics, 'cache_operation_duration_seconds_sum{operation="get"}')).toBeCloseTo(0.0302, 9)
    expect(await sampleOf(metrics, 'cache_operation_duration_seconds_bucket{le="0.00025",operation="get"}')).toBe(1)
    expect(await sampleOf(metrics, 'cache_operation_duration_seconds_bucket{le="0.05",operation="get"}')).toBe(2)
  })

  test('F3 the hit rate is a percentage of hits and misses; errors are neither', async () => {
    const metrics = start()
    expect(await sampleOf(metrics, 'cache_hit_rate')).toBe(0)
    for (let count = 0; count < 3; count += 1) operate('get', 'hit')
    operate('get', 'miss')
    for (let count = 0; count < 9; count += 1) operate('get', 'error')
    expect(await sampleOf(metrics, 'cache_hit_rate')).toBe(75)
  })

  test('F4 the memory of the cache is refreshed by itself, and absent while it cannot be had', async () => {
    let answer: () => Promise<number> = async () => 1_048_576
    const waits: (() => void)[] = []
    const clock = {
      now: () => 0,
      monotonicMs: () => 0,
      sleep: () => new Promise<void>(resolve => waits.push(resolve)),
    }
    const nextSample = async () => {
      waits.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
    const metrics = start({ cacheMemoryBytes: () => answer(), clock })
    await nextSample()
    expect(await sampleOf(metrics, 'cache_memory_usage_bytes')).toBe(1_048_576)
    answer = async () => Promise.reject(new Error('away'))
    await nextSample()
    expect(await sampleOf(metrics, 'cache_memory_usage_bytes')).toBeUndefined()
    answer = async () => 2_097_152
    await nextSample()
    expect(await sampleOf(metrics, 'cache_memory_usage_bytes')).toBe(2_097_152)
  })

  test('F5 the connections of several pools add up', async () => {
    const databases = [database(), database()] as const
    const metrics = start({ databases })
    databases[0].announce('pool', { size: 10, available: 10 })
    databases[1].announce('pool', { size: 5, available: 5 })
    databases[0].announce('pool', { size: 10, available: 7 })
    expect(await sampleOf(metrics, 'db_connection_pool_size')).toBe(15)
    expect(await sampleOf(metrics, 'db_connection_pool_available')).toBe(12)
  })

  test('F6 statements are counted and timed by kind and table, failed ones too, tables past the bound as other', async () => {
    const announcer = database()
    const metrics = start({ databases: [announcer] })
    announcer.announce('query', query('message_cache'))
    announcer.announce('query', query('message_cache', true))
    for (let table = 0; table < 100; table += 1) announcer.announce('query', query(`table_${table}`))
    expect(await sampleOf(metrics, 'db_queries_total{query_type="SELECT",table="message_cache"}')).toBe(2)
    const sum = await sampleOf(metrics, 'db_query_duration_seconds_sum{query_type="SELECT",table="message_cache"}')
    expect(sum).toBeCloseTo(0.01, 9)
    expect(await sampleOf(metrics, 'reprise_db_query_failures_total{query_type="SELECT",table="message_cache"}')).toBe(
      1,
    )
    expect(await sampleOf(metrics, 'db_queries_total{query_type="SELECT",table="other"}')).toBe(37)
  })

  test('messages, histories, side tasks and their kin have families of their own', async () => {
    const hourly = countingHours()
    const outbox = { counts: async () => ({ pending: 4, dead: 1, oldestPendingSeconds: 12 }) }
    const metrics = start({ hourlyMetrics: hourly, copies: { isAvailable: false }, outbox })
    conversations.announce('message_saved', saved)
    conversations.announce('message_saved', { ...saved, guest: false, replayed: true })
    conversations.announce('message_refused', { owner: 'web-1', reason: 'over_quota' })
    conversations.announce('batch_committed', { messages: 17, storeMs: 4 })
    const read = { owner: 'web-1', outcome: 'hit', source: 'redis', stale: true, durationMs: 1 } as const
    conversations.announce('history_read', read)
    conversations.announce('side_task_failed', { task: 'mapping', owner: undefined, error: new Error('x') })
    hourly.events.announce('dropped', { requests: 7 })
    await new Promise(resolve => setImmediate(resolve))
    const text = await metrics.text()
    for (const line of [
      'reprise_messages_saved_total{principal="guest",kind="saved"} 1',
      'reprise_messages_saved_total{principal="user",kind="replayed"} 1',
      'reprise_messages_refused_total{reason="over_quota"} 1',
      'reprise_message_copies_total{result="appended"} 2',
      'reprise_group_commit_messages_bucket{le="16"} 0',
      'reprise_group_commit_messages_bucket{le="32"} 1',
      'reprise_history_reads_total{source="redis",outcome="hit"} 1',
      'reprise_stale_served_total 1',
      'reprise_side_task_failures_total{task="mapping"} 1',
      'reprise_metrics_dropped_total 7',
      'reprise_copy_available 0',
      'reprise_outbox_pending 4',
      'reprise_outbox_dead 1',
      'reprise_outbox_oldest_seconds 12',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
    expect(text).not.toContain('web-1')
  })

  test('embeddings are counted by what became of them', async () => {
    const metrics = start()
    metrics.recordEmbedding('stored')
    metrics.recordEmbedding('failed')
    metrics.recordEmbedding('failed')
    expect(await sampleOf(metrics, 'reprise_embeddings_total{result="failed"}')).toBe(2)
    expect(await sampleOf(metrics, 'reprise_embeddings_total{result="dead"}')).toBe(0)
  })

  test('HTTP requests are counted by route pattern; what no route matched is one label', async () => {
    const metrics = start()
    const route = '/v1/guest/chat/:guestId'
    metrics.recordHttpRequest({ method: 'POST', route, status: 200, durationMs: 3 })
    metrics.recordHttpRequest({ method: 'BREW', route: undefined, status: 404, durationMs: 1 })
    const posts = `reprise_http_requests_total{method="POST",route="${route}",status="200"}`
    expect(await sampleOf(metrics, posts)).toBe(1)
    const unmatched = 'reprise_http_requests_total{method="OTHER",route="unknown",status="404"}'
    expect(await sampleOf(metrics, unmatched)).toBe(1)
  })

  test('after close nothing is counted', async () => {
    const metrics = start()
    metrics.close()
    operate('get', 'hit')
    expect(await sampleOf(metrics, 'cache_operations_total{operation="get",result="hit"}')).toBe(0)
  })

  test('F8 recording costs under a microsecond', () => {
    const announcer = database()
    const metrics = start({ databases: [announcer] })
    const queried = query('message_cache')
    const operation = { operation: 'get', result: 'hit', durationMs: 0.3 } as const
    const request = { method: 'POST', route: '/v1/guest/chat/:guestId', status: 200, durationMs: 3 }
    const costs = {
      'cache operation': costOf(() => conversations.announce('copy_operation', operation)),
      'database query': costOf(() => announcer.announce('query', queried)),
      'HTTP request': costOf(() => metrics.recordHttpRequest(request)),
    }
    for (const [name, cost] of Object.entries(costs)) {
      console.log(`one ${name}: ${cost.toFixed(0)} ns`)
      expect(cost).toBeLessThan(1000)
    }
  })

  test('docs/metrics.md holds the table of families', () => {
    const script = join(import.meta.dirname, '../../../scripts/write-metrics-doc.ts')
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})

describeWith(['promtool'], 'prometheus metrics before promtool', () => {
  test('promtool finds nothing to say, and every family is there', async () => {
    const databases = [database()]
    const outbox = { counts: async () => ({ pending: 0, dead: 0, oldestPendingSeconds: 0 }) }
    const metrics = start({
      databases,
      outbox,
      hourlyMetrics: countingHours(),
      copies: { isAvailable: true },
      cacheMemoryBytes: () => 1,
    })
    operate('get', 'hit')
    databases[0]?.announce('query', query('message_cache', true))
    databases[0]?.announce('pool', { size: 10, available: 7 })
    conversations.announce('message_saved', saved)
    metrics.recordEmbedding('stored')
    metrics.recordHttpRequest({ method: 'GET', route: '/metrics', status: 200, durationMs: 1 })
    await new Promise(resolve => setImmediate(resolve))
    const text = await metrics.text()
    expect(execFileSync(requireBinary('promtool'), ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1])
    expect(names.sort()).toEqual(
      Object.values(metricFamilies)
        .map(family => family.name)
        .sort(),
    )
  })
})
