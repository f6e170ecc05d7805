import type { Clock } from 'reprise'
import type { AnsweredRequest } from '../http/request-log.ts'
import { Latencies, percentilesOf } from './figures/latencies.ts'
import { TimeWindows } from './figures/time-windows.ts'

/** How one endpoint answered. */
export interface EndpointFigures {
  readonly endpoint: string
  readonly lastHour: number
  readonly failedLastHour: number
  readonly meanMs: number
  readonly p99Ms: number | undefined
}

export interface WatchedEndpoints {
  record(answer: AnsweredRequest): void
  /** The most used first. */
  figures(): readonly EndpointFigures[]
}

/** Routes are a closed set, but what is passed through to upstreams is not. */
const mostEndpoints = 100

/** Response times by endpoint: method and pattern of the path. */
export function watchEndpoints(clock: Clock): WatchedEndpoints {
  // By route, then by method: no text is made for an answer.
  const routes = new Map<string, Map<string, WatchedEndpoint>>()
  let count = 0

  function find(method: string, route: string): WatchedEndpoint | undefined {
    const known = routes.get(route)?.get(method)
    if (known !== undefined || count >= mostEndpoints) return known
    const now = () => clock.now()
    const watched = { answers: new TimeWindows(now), failures: new TimeWindows(now), times: new Latencies(), sumMs: 0 }
    const methods = routes.get(route) ?? new Map<string, WatchedEndpoint>()
    routes.set(route, methods.set(method, watched))
    count += 1
    return watched
  }

  return {
    record: ({ method, route, status, durationMs }) => {
      const watched = find(method, route)
      if (watched === undefined) return
      watched.answers.add()
      if (status >= 500) watched.failures.add()
      watched.times.add(durationMs)
      watched.sumMs += durationMs
    },
    figures: () =>
      [...routes]
        .flatMap(([route, methods]) =>
          [...methods].map(([method, watched]) => figuresOf(`${method} ${route}`, watched)),
        )
        .sort((one, other) => other.lastHour - one.lastHour),
  }
}

interface WatchedEndpoint {
  readonly answers: TimeWindows
  readonly failures: TimeWindows
  readonly times: Latencies
  sumMs: number
}

function figuresOf(endpoint: string, { answers, failures, times, sumMs }: WatchedEndpoint): EndpointFigures {
  const { hour, all } = answers.counts()
  return {
    endpoint,
    lastHour: hour,
    failedLastHour: failures.counts().hour,
    meanMs: sumMs / all,
    p99Ms: percentilesOf(times.counts()).p99,
  }
}
