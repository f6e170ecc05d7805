import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client'
import { metricFamilies } from '../metric-families.ts'

/** All families of one process with their values: plain data that can be sent to another. */
export type MetricsSnapshot = readonly SnapshotFamily[]
type SnapshotFamily = MetricObjectWithValues<MetricValue<string>>

/**
 * The metrics of several processes as one: counters and histograms add up, each gauge follows its rule in the table of
 * families, and the hit rate is computed anew.
 * @example const text = await mergedMetrics([await one.snapshot(), await other.snapshot()])
 */
export async function mergedMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  const { name } = metricFamilies.cacheHitRate
  const given = snapshots.map(snapshot => snapshot.filter(family => family.name !== name))
  return AggregatorRegistry.aggregate([...given, [hitRateOver(snapshots)]]).metrics()
}

/** What stays of processes that have ended: their counters and histograms, added up. */
export async function lastingMetrics(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const counted = snapshots.map(snapshot => snapshot.filter(({ type }) => `${type}` !== 'gauge'))
  return AggregatorRegistry.aggregate(counted.map(families => [...families])).getMetricsAsJSON()
}

function hitRateOver(snapshots: readonly MetricsSnapshot[]): SnapshotFamily {
  const { name, help } = metricFamilies.cacheHitRate
  const operations = snapshots.flat().filter(family => family.name === metricFamilies.cacheOperations.name)
  const samples = operations.flatMap(({ values }) => values).filter(({ labels }) => labels['operation'] === 'get')
  const count = (result: string) =>
    samples.filter(({ labels }) => labels['result'] === result).reduce((sum, { value }) => sum + value, 0)
  const [hits, misses] = [count('hit'), count('miss')]
  const value = hits + misses === 0 ? 0 : (hits / (hits + misses)) * 100
  const gauge = { name, help, type: 'gauge', aggregator: 'first', values: [{ value, labels: {} }] }
  // At run time prom-client knows types by their names, not by the numbers that it declares.
  return gauge as unknown as SnapshotFamily
}
