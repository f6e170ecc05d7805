import { type Cache, type Clock, messageOf, parseDuration, systemClock } from 'reprise'
import { httpCache, readPathRules } from 'reprise/http'
import { prometheusMetrics } from 'reprise/prometheus'
import { openHttpCache } from '../compose.ts'
import { type MetricsServer, startMetricsServer } from './metrics-server.ts'
import { type ReverseProxy, startProxy } from './proxy.ts'

/** What the command line gives. */
export interface ProxyArguments {
  readonly upstream: URL
  readonly host: string
  readonly port: number
  readonly maxBytes: string
  readonly maxBody: string
  readonly maxVariants: number
  readonly redis?: string
  readonly defaultTtl?: string
  readonly cachePath: readonly string[]
  readonly excludePath: readonly string[]
  readonly staleIfUnreachable: string
  readonly upstreamTimeout: string
  readonly preserveHost: boolean
  readonly purgeKey?: string
  readonly staleOnBadAge: boolean
  readonly insecure: boolean
  readonly enableCache: boolean
  readonly metricsPort?: number
  readonly metricsHost: string
}

/** How long a graceful stop may take before the process ends all the same. */
const stopLimitMs = 30_000
/** An upstream that is away fails every request; so often it is told of. */
const failuresToldMs = 10_000

/**
 * Runs a caching reverse proxy until SIGTERM or SIGINT; a second signal ends the process at once.
 * @throws RepriseError `invalid_option`
 */
export async function runProxy(given: ProxyArguments): Promise<void> {
  const clock = systemClock
  const cache = openHttpCache({ maxBytes: given.maxBytes, redisUrl: given.redis, clock })
  const { proxy, metrics } = await start(given, cache, clock)
  const caching = given.enableCache ? '' : ', caching nothing (ENABLE_CACHE=false)'
  process.stdout.write(`Reprise listens on ${proxy.url}, in front of ${given.upstream.origin}${caching}\n`)
  if (metrics !== undefined) process.stdout.write(`Metrics are at ${metrics.url}\n`)
  stopOnSignal(async () => {
    await proxy.close()
    await metrics?.close()
    await cache.close()
  })
}

interface Running {
  readonly proxy: ReverseProxy
  readonly metrics: MetricsServer | undefined
}

async function start(given: ProxyArguments, cache: Cache, clock: Clock): Promise<Running> {
  let metrics: MetricsServer | undefined
  try {
    const http = httpCache({
      cache,
      maxBodyBytes: given.maxBody,
      maxVariants: given.maxVariants,
      staleIfUnreachable: given.staleIfUnreachable,
      staleOnBadAge: given.staleOnBadAge,
      clock,
    })
    if (given.metricsPort !== undefined) {
      const shown = prometheusMetrics({ caches: [cache], clock })
      shown.watchHttp(http)
      metrics = await startMetricsServer(shown, { host: given.metricsHost, port: given.metricsPort })
    }
    const proxy = await startProxy({
      upstream: given.upstream,
      host: given.host,
      port: given.port,
      cache: http,
      pathRule: readPathRules({
        ...(given.defaultTtl === undefined ? {} : { defaultTtl: given.defaultTtl }),
        cachePaths: given.cachePath,
        excludePaths: given.enableCache ? given.excludePath : ['/*'],
      }),
      preserveHost: given.preserveHost,
      purgeKey: given.purgeKey,
      upstreamTimeoutMs: parseDuration(given.upstreamTimeout, 'upstream-timeout'),
      rejectUnauthorized: !given.insecure,
      onFailure: tellNowAndThen(clock),
    })
    return { proxy, metrics }
  } catch (error) {
    await metrics?.close()
    await cache.close()
    throw error
  }
}

function tellNowAndThen(clock: Clock): (error: unknown) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return error => {
    const now = clock.monotonicMs()
    if (now - toldAt < failuresToldMs) return
    toldAt = now
    process.stderr.write(`reprise: the upstream failed: ${messageOf(error)}\n`)
  }
}

function stopOnSignal(close: () => Promise<void>): void {
  let isStopping = false
  const stop = () => {
    if (isStopping) process.exit(1)
    isStopping = true
    setTimeout(() => process.exit(1), stopLimitMs).unref()
    close().catch((error: unknown) => {
      process.stderr.write(`reprise: the stop failed: ${messageOf(error)}\n`)
      process.exit(1)
    })
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
