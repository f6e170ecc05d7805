import type { Registry } from 'prom-client'
import type { Announcer } from '../../base/announcer.ts'
import type { DatabaseEvents } from '../../ports/database-events.ts'
import { boundedLabel, labelChildren } from './label-children.ts'
import { metricFamilies } from './metric-families.ts'
import { registerCounter, registerGauge } from './register.ts'
import { registerTallies, registerTimes } from './tally.ts'

const maxTables = 64

/** Statements and connections of several databases; the connections of their pools add up. */
export function databaseMetrics(
  registry: Registry,
  databases: readonly Announcer<DatabaseEvents>[],
): readonly (() => void)[] {
  const queriesOf = registerTallies(registry, metricFamilies.queries)
  const secondsOf = registerTimes(registry, metricFamilies.querySeconds)
  const failures = registerCounter(registry, metricFamilies.failedQueries)
  const tableLabel = boundedLabel(maxTables)
  const childrenOf = labelChildren((queryType, table) => {
    const label = tableLabel(table)
    return { tally: queriesOf(queryType, label), times: secondsOf(queryType, label), label }
  })
  const pools = databases.map(() => ({ size: 0, available: 0 }))
  const sumOf = (part: 'size' | 'available') => pools.reduce((sum, pool) => sum + pool[part], 0)
  registerGauge(registry, metricFamilies.poolSize, gauge => gauge.set(sumOf('size')))
  registerGauge(registry, metricFamilies.poolAvailable, gauge => gauge.set(sumOf('available')))

  return databases.flatMap((database, index) => [
    database.on('query', ({ labels, durationMs, failed }) => {
      const children = childrenOf(labels.queryType, labels.table)
      children.tally.value += 1
      children.times.observe(durationMs / 1000)
      if (failed) failures.inc({ query_type: labels.queryType, table: children.label })
    }),
    database.on('pool', ({ size, available }) => {
      pools[index] = { size, available }
    }),
  ])
}
