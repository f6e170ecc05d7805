import type { Histogram, Registry } from 'prom-client'
import type { MetricFamily } from './metric-family.ts'
import { registerCounter } from './register.ts'

type OfType<Type extends MetricFamily['type']> = MetricFamily & { readonly type: Type }

/** Counts by an addition; prom-client, which looks at the labels each time, takes a tenth of a microsecond. */
export interface Tally {
  value: number
}

/** Registers a counter whose children are tallies; it takes their values over at each scrape. */
export function registerTallies(registry: Registry, family: OfType<'counter'>): (...labels: string[]) => Tally {
  const children = new Map<string, { readonly labels: Readonly<Record<string, string>>; readonly tally: Tally }>()
  registerCounter(registry, family, counter => {
    counter.reset()
    for (const { labels, tally } of children.values()) counter.inc(labels, tally.value)
  })
  return (...values) => {
    const id = JSON.stringify(values)
    const known = children.get(id)
    if (known !== undefined) return known.tally
    const tally: Tally = { value: 0 }
    children.set(id, { labels: labelsOf(family, values), tally })
    return tally
  }
}

/** How often something took how long, counted without looking at labels. */
export class Times {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0
  count = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = bounds.map(() => 0)
  }

  observe(seconds: number): void {
    this.sum += seconds
    this.count += 1
    for (let index = 0; index < this.bounds.length; index += 1) {
      if (seconds <= (this.bounds[index] ?? 0)) {
        this.counts[index] = (this.counts[index] ?? 0) + 1
        return
      }
    }
  }

  reset(): void {
    this.counts.fill(0)
    this.sum = 0
    this.count = 0
  }
}

interface TimesChild {
  readonly labels: Readonly<Record<string, string>>
  readonly times: Times
}

/** Registers a histogram whose children are `Times`. */
export function registerTimes(registry: Registry, family: OfType<'histogram'>): (...labels: string[]) => Times {
  const { name, help, buckets = [] } = family
  const children = new Map<string, TimesChild>()
  const metric = {
    name,
    get: async () => {
      const values = [...children.values()].flatMap(child => samplesOf(name, child))
      return { name, help, type: 'histogram', aggregator: 'sum', values }
    },
    reset: () => {
      for (const { times } of children.values()) times.reset()
    },
  }
  // A registry calls these two alone; of what its own histograms can do besides, nothing is used here.
  registry.registerMetric(metric as unknown as Histogram)
  return (...values) => {
    const id = JSON.stringify(values)
    const known = children.get(id)
    if (known !== undefined) return known.times
    const times = new Times(buckets)
    children.set(id, { labels: labelsOf(family, values), times })
    return times
  }
}

function samplesOf(name: string, { labels, times }: TimesChild) {
  let sum = 0
  const buckets = times.bounds.map((le, index) => {
    sum += times.counts[index] ?? 0
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: sum }
  })
  return [
    ...buckets,
    { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: times.count },
    { metricName: `${name}_sum`, labels, value: times.sum },
    { metricName: `${name}_count`, labels, value: times.count },
  ]
}

function labelsOf({ labels }: MetricFamily, values: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(labels.map((label, index) => [label, values[index] ?? '']))
}
