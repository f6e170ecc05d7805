import { Counter, Gauge, type Registry } from 'prom-client'
import type { MetricFamily } from './metric-family.ts'

/** What prom-client calls the ways in which gauges of several processes become one. */
const aggregators = { sum: 'sum', least: 'min', most: 'max', same: 'first', anew: 'omit' } as const

type LabelOf<Family extends MetricFamily> = Family['labels'][number]
type OfType<Type extends MetricFamily['type']> = MetricFamily & { readonly type: Type }

/** A counter; `collect` is called at each scrape and may set it anew. */
export function registerCounter<Family extends OfType<'counter'>>(
  registry: Registry,
  { name, help, labels }: Family,
  collect?: (counter: Counter<LabelOf<Family>>) => void,
): Counter<LabelOf<Family>> {
  const counter: Counter<LabelOf<Family>> = new Counter({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collect === undefined ? {} : { collect: () => collect(counter) }),
  })
  return counter
}

/** A gauge; `collect` is called at each scrape and sets it. */
export function registerGauge<Family extends OfType<'gauge'>>(
  registry: Registry,
  { name, help, labels, together = 'sum' }: Family,
  collect?: (gauge: Gauge<LabelOf<Family>>) => void,
): Gauge<LabelOf<Family>> {
  const gauge: Gauge<LabelOf<Family>> = new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    aggregator: aggregators[together],
    ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
  })
  return gauge
}
