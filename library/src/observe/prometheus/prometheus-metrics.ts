import { Registry } from 'prom-client'
import type { Announcer } from '../../base/announcer.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { ConversationEvents } from '../../conversation/conversation-events.ts'
import type { ConversationCopies } from '../../ports/chat/conversation-copies.ts'
import type { Outbox } from '../../ports/chat/outbox.ts'
import type { DatabaseEvents } from '../../ports/database-events.ts'
import { databaseMetricsIn } from '../database/metrics/database-metrics.ts'
import type { HourlyMetrics } from '../hourly-metrics.ts'
import { cacheMetrics } from './cache-metrics.ts'
import { conversationMetrics } from './conversation-metrics.ts'
import { type EmbeddingResult, embeddingMetrics } from './embedding-metrics.ts'
import { engineMetrics } from './engine-metrics.ts'
import type { ObservedCache } from './engine-state.ts'
import { httpCacheMetrics, type ObservedHttpCache } from './http/http-cache-metrics.ts'
import { type HttpRequestSeen, httpMetrics } from './http/http-metrics.ts'
import { metricFamilies } from './metric-families.ts'
import { modelMetrics, type ObservedAnswers } from './models/model-metrics.ts'
import { registerCounter } from './register.ts'
import { sampledMetrics } from './sampled-metrics.ts'
import type { MetricsSnapshot } from './together/merged-metrics.ts'

export interface PrometheusOptions {
  /** Where the families are registered; a registry of its own by default. */
  readonly registry?: Registry
  /** Several caches add up in the families without the label `cache`. */
  readonly caches?: readonly ObservedCache[]
  readonly conversations?: Announcer<ConversationEvents>
  /** One announcer for each pool; their connections add up. */
  readonly databases?: readonly Announcer<DatabaseEvents>[]
  readonly hourlyMetrics?: HourlyMetrics
  readonly copies?: Pick<ConversationCopies, 'isAvailable'>
  /** The memory that the cache uses, in bytes, asked every five seconds. */
  readonly cacheMemoryBytes?: () => number | Promise<number>
  /** Whether that memory is the same for all processes, as that of Redis, or each one's own. Default true. */
  readonly cacheMemoryIsShared?: boolean
  /** What waits for its embedding, asked every five seconds. */
  readonly outbox?: Pick<Outbox, 'counts'>
  readonly clock?: Clock
}

export interface PrometheusMetrics {
  readonly registry: Registry
  /** The content type of `text`. */
  readonly contentType: string
  /** All families in Prometheus' text format. */
  text(): Promise<string>
  /** The same as plain data, to be merged with that of other processes. */
  snapshot(): Promise<MetricsSnapshot>
  /** Counts what became of a message's embedding. */
  recordEmbedding(result: EmbeddingResult): void
  /** Counts an HTTP request that was answered. */
  recordHttpRequest(request: HttpRequestSeen): void
  /** Counts the calls that a cache of language models' answers answers, until what is returned is called. */
  watchAnswers(answers: ObservedAnswers): () => void
  /** Counts what an HTTP cache does, until what is returned is called. */
  watchHttp(http: ObservedHttpCache): () => void
  /** Shows one more cache, until what is returned is called. */
  watch(cache: ObservedCache): () => void
  /** Ends all subscriptions. */
  close(): void
}

/**
 * Shows what Reprise does in Prometheus' format. It subscribes to what the parts announce; recording costs well under a
 * microsecond and never waits.
 *
 * @example
 * const metrics = prometheusMetrics({ caches: [cache], conversations: announcer, databases: [databaseAnnouncer] })
 * reply.type(metrics.contentType).send(await metrics.text())
 */
export function prometheusMetrics(options: PrometheusOptions = {}): PrometheusMetrics {
  const {
    registry = new Registry(),
    clock = systemClock,
    caches = [],
    conversations,
    databases,
    hourlyMetrics,
  } = options
  const ending = new AbortController()
  const endings: (() => void)[] = []

  const recordOperation = cacheMetrics(registry)
  const watchCache = engineMetrics(registry, recordOperation)
  const watch = (cache: ObservedCache) => {
    const end = watchCache(cache)
    endings.push(end)
    return end
  }
  const countModelCalls = modelMetrics(registry)
  const countHttpCalls = httpCacheMetrics(registry)
  for (const cache of caches) watch(cache)
  if (conversations !== undefined) endings.push(...conversationMetrics(registry, conversations, recordOperation))
  if (databases !== undefined) {
    const metrics = databaseMetricsIn(registry)
    for (const database of databases) endings.push(metrics.watch(database))
  }
  if (hourlyMetrics !== undefined) {
    const dropped = registerCounter(registry, metricFamilies.metricsDropped)
    const failures = registerCounter(registry, metricFamilies.metricsFlushFailures)
    endings.push(hourlyMetrics.events.on('dropped', ({ requests }) => dropped.inc(requests)))
    endings.push(hourlyMetrics.events.on('flush_failed', () => failures.inc()))
  }
  const { cacheMemoryBytes, cacheMemoryIsShared = true, copies, outbox } = options
  sampledMetrics(registry, { cacheMemoryBytes, cacheMemoryIsShared, copies, outbox }, clock, ending.signal)

  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
    watch,
    watchAnswers: answers => {
      const end = countModelCalls(answers)
      endings.push(end)
      return end
    },
    watchHttp: http => {
      const end = countHttpCalls(http)
      endings.push(end)
      return end
    },
    recordEmbedding: embeddingMetrics(registry),
    recordHttpRequest: httpMetrics(registry),
    close: () => {
      ending.abort()
      for (const end of endings) end()
    },
  }
}
