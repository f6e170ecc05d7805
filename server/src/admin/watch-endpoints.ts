import type { Clock } from 'reprise'
import type { AnsweredRequest } from '../http/request-log.ts'
import { addLatencies, Latencies, percentilesOf } from './figures/latencies.ts'
import { addCounts, TimeWindows, type WindowCounts } from './figures/time-windows.ts'

/** What was counted of one endpoint in one process: plain data that adds up over processes. */
export interface EndpointCounts {
  readonly endpoint: string
  readonly answers: WindowCounts
  readonly failures: WindowCounts
  readonly times: readonly number[]
  readonly sumMs: number
}

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
  counts(): readonly EndpointCounts[]
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
    counts: () =>
      [...routes].flatMap(([route, methods]) =>
        [...methods].map(([method, { answers, failures, times, sumMs }]) => ({
          endpoint: `${method} ${route}`,
          answers: answers.counts(),
          failures: failures.counts(),
          times: times.counts(),
          sumMs,
        })),
      ),
  }
}

interface WatchedEndpoint {
  readonly answers: TimeWindows
  readonly failures: TimeWindows
  readonly times: Latencies
  sumMs: number
}

/** The endpoints of several processes, the most used first. */
export function endpointFigures(counts: readonly EndpointCounts[]): readonly EndpointFigures[] {
  const added = new Map<string, EndpointCounts>()
  for (const each of counts) {
    const known = added.get(each.endpoint)
    added.set(each.endpoint, known === undefined ? each : addEndpoints(known, each))
  }
  return [...added.values()]
    .map(({ endpoint, answers, failures, times, sumMs }) => ({
      endpoint,
      lastHour: answers.hour,
      failedLastHour: failures.hour,
      meanMs: sumMs / answers.all,
      p99Ms: percentilesOf(times).p99,
    }))
    .sort((one, other) => other.lastHour - one.lastHour)
}

function addEndpoints(one: EndpointCounts, other: EndpointCounts): EndpointCounts {
  return {
    endpoint: one.endpoint,
    answers: addCounts(one.answers, other.answers),
    failures: addCounts(one.failures, other.failures),
    times: addLatencies(one.times, other.times),
    sumMs: one.sumMs + other.sumMs,
  }
}
