import { RepriseError } from './reprise-error.ts'

/** A length of time: milliseconds as a number, or text such as `"250ms"`, `"10m"`, `"1h30m"`, `"7d"`. */
export type Duration = number | string

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}
const wholePattern = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/
const partPattern = /(\d+(?:\.\d+)?)(ms|[smhdw])/g

/** Past this a duration is surely a mistake, such as an instant or microseconds. A hundred years. */
const longestMs = 36_525 * 86_400_000

/**
 * Reads a duration as milliseconds.
 * @throws RepriseError `invalid_option` for anything negative, unreadable or longer than a hundred years
 * @example parseDuration('1h30m', 'ttl') // 5400000
 */
export function parseDuration(value: unknown, field: string): number {
  const ms = typeof value === 'string' ? readText(value) : value
  if (typeof ms === 'number' && ms >= 0 && ms <= longestMs) return ms
  throw new RepriseError(
    'invalid_option',
    `${field} is ${shown(value)}, but a duration is a number of milliseconds, 0 or more, or text such as "10m" or ` +
      `"1h30m" (units ms, s, m, h, d, w), a hundred years at most.`,
    { field },
  )
}

function readText(text: string): number | undefined {
  const compact = text.trim().toLowerCase()
  if (!wholePattern.test(compact)) return undefined
  let sum = 0
  for (const [, amount, unit = ''] of compact.matchAll(partPattern))
    sum += Number(amount) * (unitMs[unit] ?? Number.NaN)
  return sum
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 50))
  return typeof value === 'number' ? String(value) : `of type ${value === null ? 'null' : typeof value}`
}
