import { type MetricFamily, requestSeconds } from '../metric-family.ts'

/** Of HTTP: what the server answers, and what the HTTP response cache does. */
export const httpFamilies = {
  httpRequests: {
    name: 'reprise_http_requests_total',
    type: 'counter',
    labels: ['method', 'route', 'status'],
    help: 'HTTP requests answered, by route pattern.',
  },
  httpSeconds: {
    name: 'reprise_http_request_duration_seconds',
    type: 'histogram',
    labels: ['method', 'route'],
    help: 'Time of one HTTP request, from its headers to the end of the answer.',
    buckets: requestSeconds,
  },
  httpCacheRequests: {
    name: 'reprise_http_cache_requests_total',
    type: 'counter',
    labels: ['outcome'],
    help: 'Requests that the HTTP cache answered: hit, stale, shared (collapsed with another one), or forwarded.',
  },
  httpCacheValidations: {
    name: 'reprise_http_cache_revalidations_total',
    type: 'counter',
    labels: ['outcome'],
    help: 'Stored responses shown to the origin: confirmed, or replaced by another one.',
  },
  httpCacheStored: {
    name: 'reprise_http_cache_stored_total',
    type: 'counter',
    labels: [],
    help: 'Responses, and parts of responses, that the HTTP cache kept.',
  },
  httpCacheStoredBytes: {
    name: 'reprise_http_cache_stored_bytes_total',
    type: 'counter',
    labels: [],
    help: 'Bytes of their bodies.',
  },
  httpCacheOriginFailures: {
    name: 'reprise_http_cache_origin_failures_total',
    type: 'counter',
    labels: ['during'],
    help: 'Failures of the origin that clients did not see: stale responses took its place, or a refresh was lost.',
  },
  httpCachePurges: {
    name: 'reprise_http_cache_purges_total',
    type: 'counter',
    labels: ['by'],
    help: 'Purges by url, prefix, tags, or of all.',
  },
} as const satisfies Readonly<Record<string, MetricFamily>>
