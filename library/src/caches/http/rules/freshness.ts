import { longestSeconds } from './cache-control.ts'
import { type HeaderList, headerOf, linesOf } from './header-list.ts'
import { parseHttpDate } from './http-date.ts'

/** The times around a response, in milliseconds since the epoch, by the cache's own clock. */
export interface ExchangeTimes {
  readonly requestedAt: number
  readonly respondedAt: number
}

/** A tenth of the time since its last change (RFC 9111 4.2.2), and never longer than this. */
const heuristicShare = 0.1
const longestHeuristicMs = 86_400_000

/** What the response gives as its date; when it was received where it gives none that can be read. */
export function dateOf(headers: HeaderList, { respondedAt }: ExchangeTimes): number {
  const [date] = linesOf(headers, 'date')
  return (date === undefined ? undefined : parseHttpDate(date, respondedAt)) ?? respondedAt
}

/**
 * How old a response was when it came (RFC 9111 4.2.3).
 * @param isWary whether an `Age` that cannot be read, or is a list, makes a response too old for any use. RFC 9111 5.1
 *   takes the first member of a list and ignores what cannot be read.
 */
export function initialAgeMs(headers: HeaderList, times: ExchangeTimes, isWary: boolean): number {
  const apparentMs = Math.max(0, times.respondedAt - dateOf(headers, times))
  const age = headerOf(headers, 'age')
  const ageMs = readAgeMs(age)
  if (isWary && age !== undefined && (ageMs === undefined || age.includes(', '))) return longestSeconds * 1000
  return Math.max(apparentMs, (ageMs ?? 0) + (times.respondedAt - times.requestedAt))
}

/** How old a response is now: what it was when it came, and how long it has been here. */
export function currentAgeMs(initialMs: number, respondedAt: number, now: number): number {
  return initialMs + Math.max(0, now - respondedAt)
}

/** The lifetime of a response that gives itself none, from how long ago it changed; undefined when it does not say. */
export function heuristicLifetimeMs(headers: HeaderList, dateMs: number): number | undefined {
  const changedAt = lastModifiedOf(headers, dateMs)
  if (changedAt === undefined || changedAt > dateMs) return undefined
  return Math.min((dateMs - changedAt) * heuristicShare, longestHeuristicMs)
}

export function lastModifiedOf(headers: HeaderList, now: number): number | undefined {
  const [line] = linesOf(headers, 'last-modified')
  return line === undefined ? undefined : parseHttpDate(line, now)
}

function readAgeMs(value: string | undefined): number | undefined {
  const [first = ''] = value?.split(',') ?? []
  const text = first.trim()
  return /^\d+$/.test(text) ? Math.min(Number(text), longestSeconds) * 1000 : undefined
}
