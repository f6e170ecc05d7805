import { RepriseError } from './reprise-error.ts'

/**
 * Refuses an options object that is none, or has a name that nobody knows; the message names the one that was probably
 * meant.
 * @throws RepriseError `invalid_option`
 */
export function readNames(options: unknown, known: ReadonlySet<string>, where: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new RepriseError('invalid_option', `The options of ${where} must be an object, not ${typeOf(options)}.`, {
      field: where,
    })
  }
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue
    const meant = nearest(name, known)
    throw new RepriseError(
      'invalid_option',
      `${where} has no option ${JSON.stringify(name)}. ${
        meant === undefined ? `It has ${[...known].join(', ')}.` : `Did you mean ${JSON.stringify(meant)}?`
      }`,
      { field: name },
    )
  }
}

/**
 * A whole number of at least `least`.
 * @throws RepriseError `invalid_option`
 */
export function readCount(value: unknown, field: string, least = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw expected(field, `a whole number, ${least} or more`, value)
}

/**
 * Refuses what lacks the method that is called later, such as options in the place of a cache.
 * @throws RepriseError `invalid_option`
 */
export function requireMethod(value: unknown, method: string, field: string, what: string): void {
  if (typeof value === 'object' && value !== null && method in value) return
  throw expected(field, what, value)
}

/** The error for an option of a wrong type or range. */
export function expected(field: string, what: string, value: unknown): RepriseError {
  const shown = typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeOf(value)
  return new RepriseError('invalid_option', `${field} must be ${what}, not ${shown}.`, { field })
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'string') return `of type ${typeof value}`
  return value.length === 0 ? 'an empty text' : `a text of ${value.length} characters`
}

function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 2))
  for (const candidate of known) {
    const away = distance(name.toLowerCase(), candidate.toLowerCase())
    if (away <= bestDistance) [best, bestDistance] = [candidate, away - 1]
  }
  return best
}

/** How many letters must be put in, left out or changed (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let at = 1; at <= from.length; at += 1) {
    const next = [at]
    for (let index = 1; index <= to.length; index += 1) {
      const change = (row[index - 1] ?? 0) + (from[at - 1] === to[index - 1] ? 0 : 1)
      next.push(Math.min(change, (row[index] ?? 0) + 1, (next[index - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
