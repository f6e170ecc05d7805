import type { CacheHistory } from 'reprise-server/answers'

/** How the reads of the last hour went, in equal steps; those before the server began are left out. */
export interface ReadHistory {
  /** Ends of the steps, in ms since the epoch. */
  readonly at: readonly number[]
  readonly hits: readonly number[]
  readonly misses: readonly number[]
  /** Percent; null where nothing was read. */
  readonly rate: readonly (number | null)[]
  readonly stepSeconds: number
}

const minuteMs = 60_000
/** So long after its start a server is shown in steps of ten seconds. */
const youngMs = 12 * minuteMs

/**
 * @param caches adds up these, or all when left out
 * @param since when the server began to count
 */
export function readHistory(history: CacheHistory, since: string, caches?: readonly string[]): ReadHistory {
  const slotMs = history.slot_seconds * 1_000
  const end = Math.ceil((Date.parse(history.at) + 1) / slotMs) * slotMs
  const chosen = Object.entries(history.caches).flatMap(([name, slots]) =>
    caches === undefined || caches.includes(name) ? [slots] : [],
  )
  const length = Math.max(0, ...chosen.map(({ hits }) => hits.length))
  const age = end - Date.parse(since)
  const perStep = age < youngMs ? 1 : Math.round(minuteMs / slotMs)
  const steps = Math.min(Math.ceil(age / (slotMs * perStep)), Math.floor(length / perStep))
  const sums = (of: (slots: (typeof chosen)[number]) => readonly number[]) =>
    Array.from({ length: steps }, (_, step) => {
      const from = length - (steps - step) * perStep
      return chosen.reduce((sum, slots) => sum + total(of(slots).slice(from, from + perStep)), 0)
    })
  const [hits, misses] = [sums(slots => slots.hits), sums(slots => slots.misses)]
  return {
    at: Array.from({ length: steps }, (_, step) => end - (steps - 1 - step) * perStep * slotMs),
    hits,
    misses,
    rate: hits.map((hit, step) => {
      const reads = hit + (misses[step] ?? 0)
      return reads === 0 ? null : (hit / reads) * 100
    }),
    stepSeconds: perStep * history.slot_seconds,
  }
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
