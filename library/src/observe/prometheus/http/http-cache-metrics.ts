import type { Registry } from 'prom-client'
import type { HttpCacheEvents } from '../../../caches/http/http-cache-events.ts'
import { labelChildren } from '../label-children.ts'
import { registerTallies } from '../tally.ts'
import { httpFamilies } from './http-families.ts'

/** What is asked of an HTTP cache. */
export interface ObservedHttpCache {
  on<Name extends keyof HttpCacheEvents>(name: Name, listener: (event: HttpCacheEvents[Name]) => void): () => void
}

/** Counts what HTTP caches do, each until what is returned for it is called. */
export function httpCacheMetrics(registry: Registry): (http: ObservedHttpCache) => () => void {
  const requestsOf = labelChildren(registerTallies(registry, httpFamilies.httpCacheRequests))
  const validationsOf = labelChildren(registerTallies(registry, httpFamilies.httpCacheValidations))
  const responses = registerTallies(registry, httpFamilies.httpCacheStored)()
  const bytes = registerTallies(registry, httpFamilies.httpCacheStoredBytes)()
  const failuresOf = labelChildren(registerTallies(registry, httpFamilies.httpCacheOriginFailures))
  const purgesOf = labelChildren(registerTallies(registry, httpFamilies.httpCachePurges))
  return http => {
    const endings = [
      http.on('answered', ({ outcome }) => {
        requestsOf(outcome).value += 1
      }),
      http.on('validated', ({ outcome }) => {
        validationsOf(outcome).value += 1
      }),
      http.on('stored', stored => {
        responses.value += 1
        bytes.value += stored.bytes
      }),
      http.on('origin_failed', () => {
        failuresOf('request').value += 1
      }),
      http.on('refresh_failed', () => {
        failuresOf('refresh').value += 1
      }),
      http.on('purged', ({ by }) => {
        purgesOf(by).value += 1
      }),
    ]
    return () => {
      for (const end of endings) end()
    }
  }
}
