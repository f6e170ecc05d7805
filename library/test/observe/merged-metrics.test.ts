import { createCache } from 'reprise'
import { lastingMetrics, mergedMetrics, metricFamilies, prometheusMetrics } from 'reprise/prometheus'
import { expect, it } from 'vitest'

const lineOf = (text: string, sample: string) => text.split('\n').find(line => line.startsWith(`${sample} `))

it('every gauge has a rule by which those of several processes become one', () => {
  const gauges = Object.values(metricFamilies).filter(({ type }) => type === 'gauge')
  expect(gauges.filter(family => !('together' in family))).toEqual([])
})

it('F1 F3 counters add up, the hit rate is computed anew, and what has ended goes on being counted', async () => {
  const one = createCache({ name: 'one', memory: { maxEntries: 10 } })
  const other = createCache({ name: 'one', memory: { maxEntries: 10 } })
  const [first, second] = [prometheusMetrics({ caches: [one] }), prometheusMetrics({ caches: [other] })]
  await one.set('key', 1)
  for (let count = 0; count < 3; count += 1) await one.get('key')
  await other.get('key')
  const snapshots = [await first.snapshot(), await second.snapshot()]
  const merged = await mergedMetrics(snapshots)
  expect(lineOf(merged, 'cache_hit_rate')).toBe('cache_hit_rate 75')
  expect(merged).toContain('cache_operations_total{operation="get",result="hit"} 3')
  expect(merged).toContain('cache_operations_total{operation="get",result="miss"} 1')
  expect(merged).toContain('cache_operation_duration_seconds_count{operation="get"} 4')
  expect(merged).toContain('reprise_cache_memory_entries{cache="one"} 1')

  const afterwards = await mergedMetrics([await second.snapshot(), await lastingMetrics([snapshots[0] ?? []])])
  expect(afterwards).toContain('cache_operations_total{operation="get",result="hit"} 3')
  expect(afterwards).toContain('reprise_cache_memory_entries{cache="one"} 0')
  for (const each of [first, second]) each.close()
  await Promise.all([one.close(), other.close()])
})
