import { type HttpCacheOptions, httpCache, type PathOptions, readPathRules } from 'reprise/http'
import { type ReverseProxy, startProxy } from '../../src/proxy/proxy.ts'

export interface RunningProxyOptions extends HttpCacheOptions, PathOptions {
  readonly purgeKey?: string
  readonly preserveHost?: boolean
  readonly upstreamTimeoutMs?: number
}

/** A proxy in front of an upstream, with the failures that it told of. */
export async function runProxy(
  upstream: URL,
  options: RunningProxyOptions = {},
): Promise<ReverseProxy & { readonly failures: unknown[] }> {
  const {
    purgeKey,
    preserveHost = false,
    upstreamTimeoutMs = 10_000,
    defaultTtl,
    cachePaths,
    excludePaths,
    ...own
  } = options
  const failures: unknown[] = []
  const cache = httpCache(own)
  const proxy = await startProxy({
    upstream,
    host: '127.0.0.1',
    port: 0,
    cache,
    pathRule: readPathRules({
      ...(defaultTtl === undefined ? {} : { defaultTtl }),
      ...(cachePaths === undefined ? {} : { cachePaths }),
      ...(excludePaths === undefined ? {} : { excludePaths }),
    }),
    preserveHost,
    purgeKey,
    upstreamTimeoutMs,
    rejectUnauthorized: true,
    onFailure: error => failures.push(error),
  })
  return {
    url: proxy.url,
    failures,
    close: async () => {
      await proxy.close()
      await cache.close()
    },
  }
}
