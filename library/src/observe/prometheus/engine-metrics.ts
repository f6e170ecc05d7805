import type { Registry } from 'prom-client'
import { RepriseError } from '../../base/reprise-error.ts'
import type { CacheEvents } from '../../core/cache-events.ts'
import type { CacheOperation, RecordCacheOperation } from './cache-metrics.ts'
import { type ObservedCache, stateMetrics } from './engine-state.ts'
import { boundedLabel, labelChildren } from './label-children.ts'
import { metricFamilies } from './metric-families.ts'
import { registerTallies, registerTimes } from './tally.ts'

const maxCaches = 64

/** Which of the four operations of `cache_operations_total` a call is. */
const operationOf = {
  get: 'get',
  getMany: 'get',
  getOrSet: 'get',
  getOrSetMany: 'get',
  has: undefined,
  set: 'set',
  setMany: 'set',
  delete: 'delete',
  invalidate_tags: undefined,
  invalidate_pattern: 'invalidate_pattern',
  clear: undefined,
} as const satisfies Readonly<Record<CacheEvents['failure']['operation'], CacheOperation | undefined>>

/** What caches announce, and their state at each scrape. Answers what watches one more cache, until its return is called. */
export function engineMetrics(
  registry: Registry,
  recordOperation: RecordCacheOperation,
): (cache: ObservedCache) => () => void {
  const hits = registerTallies(registry, metricFamilies.tierHits)
  const stale = registerTallies(registry, metricFamilies.cacheStaleServed)
  const misses = registerTallies(registry, metricFamilies.cacheMisses)
  const kept = registerTallies(registry, metricFamilies.tierKept)
  const loads = registerTallies(registry, metricFamilies.cacheLoads)
  const loadSeconds = registerTimes(registry, metricFamilies.cacheLoadSeconds)
  const early = registerTallies(registry, metricFamilies.cacheEarlyRefreshes)
  const fenced = registerTallies(registry, metricFamilies.cacheFencedFills)
  const invalidations = registerTallies(registry, metricFamilies.cacheInvalidations)
  const failures = registerTallies(registry, metricFamilies.cacheFailures)
  const unreadable = registerTallies(registry, metricFamilies.cacheUnreadable)
  const warmRuns = registerTallies(registry, metricFamilies.cacheWarmRuns)
  const warmEntries = registerTallies(registry, metricFamilies.cacheWarmEntries)
  const watchState = stateMetrics(registry)
  const nameOf = boundedLabel(maxCaches)

  return cache => {
    const name = nameOf(cache.path.split('/', 1)[0] ?? '')
    const hitsOf = labelChildren(tier => hits(name, tier))
    const keptOf = labelChildren((tier, outcome) => kept(name, tier, outcome))
    const earlyRefreshes = early(name)
    const fencedFills = fenced(name)
    const loadTimes = loadSeconds(name)
    const runs = warmRuns(name)
    /** Errors that a call of one key or many ended with, counted once a key. */
    const counted = new WeakSet<RepriseError>()
    /** Refused before any key was looked for. */
    const isRefusal = (error: unknown) =>
      error instanceof RepriseError &&
      !counted.has(error) &&
      (error.code === 'cache_closed' || error.code.startsWith('invalid_'))

    const endings = [
      cache.on('hit', ({ operation, tier, state, durationMs }) => {
        if (operation !== 'has') recordOperation('get', 'hit', durationMs)
        hitsOf(tier).value += 1
        if (state === 'stale') stale(name, tier).value += 1
      }),
      cache.on('miss', ({ operation, reason, durationMs }) => {
        if (operation !== 'has') recordOperation('get', 'miss', durationMs)
        misses(name, reason).value += 1
      }),
      cache.on('read_failed', ({ error, durationMs }) => {
        if (error instanceof RepriseError) counted.add(error)
        recordOperation('get', 'error', durationMs)
      }),
      cache.on('set', event => {
        for (const { tier, outcome } of event.kept) keptOf(tier, outcome).value += 1
        const result = resultOfSet(event)
        if (result !== undefined) recordOperation('set', result, event.durationMs)
      }),
      cache.on('load', ({ reason, outcome, durationMs }) => {
        loads(name, outcome).value += 1
        loadTimes.observe(durationMs / 1000)
        if (reason === 'early') earlyRefreshes.value += 1
      }),
      cache.on('fill_fenced', () => {
        fencedFills.value += 1
      }),
      cache.on('delete', ({ keys, durationMs }) => recordOperation('delete', 'success', durationMs, keys)),
      cache.on('invalidate', ({ by, durationMs }) => {
        invalidations(name, by).value += 1
        if (by === 'pattern') recordOperation('invalidate_pattern', 'success', durationMs)
      }),
      cache.on('failure', ({ operation, error, durationMs }) => {
        failures(name, operation).value += 1
        const kind = operationOf[operation]
        const loads = operation === 'getOrSet' || operation === 'getOrSetMany'
        if (kind !== undefined && (!loads || isRefusal(error))) recordOperation(kind, 'error', durationMs)
      }),
      cache.on('entry_unreadable', ({ tier }) => {
        unreadable(name, tier).value += 1
      }),
      cache.on('warmed', ({ entries, failed }) => {
        runs.value += 1
        warmEntries(name, 'kept').value += entries
        warmEntries(name, 'failed').value += failed
      }),
      watchState(name, cache),
    ]
    return () => {
      for (const end of endings) end()
    }
  }
}

/** A set of the four operations, when there was one: a load that keeps nothing sets nothing. */
function resultOfSet({ operation, kept }: CacheEvents['set']): 'success' | 'error' | undefined {
  if (kept.some(({ outcome }) => outcome === 'stored')) return 'success'
  if (kept.some(({ outcome }) => outcome === 'unavailable' || outcome === 'refused')) return 'error'
  // Set and at once overtaken by an invalidation, or told to be kept nowhere.
  return operation === 'set' || operation === 'setMany' ? 'success' : undefined
}
