import type { Registry } from 'prom-client'
import { boundedLabel, labelChildren } from '../label-children.ts'
import { registerTallies, registerTimes } from '../tally.ts'
import { httpFamilies } from './http-families.ts'

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
  const requestsOf = registerTallies(registry, httpFamilies.httpRequests)
  const secondsOf = registerTimes(registry, httpFamilies.httpSeconds)
  const routeLabel = boundedLabel(maxRoutes)
  const childrenOf = labelChildren((method, route) => ({
    times: secondsOf(method, route),
    tallyOf: labelChildren(status => requestsOf(method, route, status)),
  }))

  return ({ method, route, status, durationMs }) => {
    const children = childrenOf(
      methods.has(method) ? method : 'OTHER',
      route === undefined ? 'unknown' : routeLabel(route),
    )
    children.tallyOf(String(status)).value += 1
    children.times.observe(durationMs / 1000)
  }
}
