import type { Registry } from 'prom-client'
import { boundedLabel, labelChildren } from './label-children.ts'
import { metricFamilies } from './metric-families.ts'
import { registerCounter, registerHistogram } from './register.ts'

export interface HttpRequestSeen {
  readonly method: string
  /** The route's pattern, such as `/v1/guest/chat/:guestId`; undefined where no route matched. */
  readonly route: string | undefined
  readonly status: number
  readonly durationMs: number
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const maxRoutes = 200

/** HTTP requests by route, method and status. */
export function httpMetrics(registry: Registry): (request: HttpRequestSeen) => void {
  const requests = registerCounter(registry, metricFamilies.httpRequests)
  const seconds = registerHistogram(registry, metricFamilies.httpSeconds)
  const routeLabel = boundedLabel(maxRoutes)
  const childrenOf = labelChildren((method, route) => ({
    seconds: seconds.labels(method, route),
    counterOf: labelChildren(status => requests.labels(method, route, status)),
  }))

  return ({ method, route, status, durationMs }) => {
    const children = childrenOf(
      methods.has(method) ? method : 'OTHER',
      route === undefined ? 'unknown' : routeLabel(route),
    )
    children.counterOf(String(status)).inc()
    children.seconds.observe(durationMs / 1000)
  }
}
