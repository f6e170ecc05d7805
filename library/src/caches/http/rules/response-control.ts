import { type Directives, longestSeconds, millisecondsOf, parseCacheControl } from './cache-control.ts'
import { type HeaderList, headerOf, linesOf, membersOf } from './header-list.ts'
import { parseHttpDate } from './http-date.ts'
import { parseDictionary, type StructuredItem } from './structured-dictionary.ts'

/** What a response says of its own keeping, wherever it says it. Lengths of time in milliseconds. */
export interface ResponseControl {
  readonly noStore: boolean
  /** To be validated before each use. Of `no-cache="a"` only the fields named are meant: see `withheldFields`. */
  readonly noCache: boolean
  /** For one user alone. Of `private="a"` only the fields named are meant: see `withheldFields`. */
  readonly isPrivate: boolean
  readonly isPublic: boolean
  readonly mustUnderstand: boolean
  /** Never stale without validation: `must-revalidate`, `proxy-revalidate`, `s-maxage`. */
  readonly mustRevalidate: boolean
  /** Lets an answer to a request with credentials be shared (RFC 9111 3.5). */
  readonly allowsAuthorized: boolean
  readonly immutable: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** The lifetime that the response gives itself; undefined when it gives none. */
  readonly explicitLifetimeMs: number | undefined
  /** Fields that are not kept, lower case. */
  readonly withheldFields: readonly string[]
}

/** Directives that take seconds, for which a targeted field must have an integer. */
const counting: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])

/**
 * Reads what a response says. The first targeted field (RFC 9213) that is there and can be read takes the place of
 * `Cache-Control`, `Expires` and `Pragma`.
 * @param targets names of targeted fields in lower case, the most important one first
 * @param dateMs what the response gives as its date
 */
export function readResponseControl(headers: HeaderList, targets: readonly string[], dateMs: number): ResponseControl {
  for (const target of targets) {
    const directives = targetedDirectives(headerOf(headers, target))
    if (directives !== undefined) return controlOf(directives, undefined)
  }
  const directives = parseCacheControl(headerOf(headers, 'cache-control'))
  return controlOf(directives, lifetimeByExpires(headers, dateMs))
}

function controlOf(directives: Directives, expiresMs: number | undefined): ResponseControl {
  const sharedMaxAge = millisecondsOf(directives, 's-maxage')
  const mustRevalidate = directives.has('must-revalidate')
  const noCache = directives.get('no-cache')
  const isPrivate = directives.get('private')
  return {
    noStore: directives.has('no-store'),
    noCache: directives.has('no-cache') && fieldNames(noCache).length === 0,
    isPrivate: directives.has('private') && fieldNames(isPrivate).length === 0,
    isPublic: directives.has('public'),
    mustUnderstand: directives.has('must-understand'),
    mustRevalidate: mustRevalidate || directives.has('proxy-revalidate') || sharedMaxAge !== undefined,
    allowsAuthorized: mustRevalidate || directives.has('public') || sharedMaxAge !== undefined,
    immutable: directives.has('immutable'),
    staleWhileRevalidateMs: millisecondsOf(directives, 'stale-while-revalidate') ?? 0,
    staleIfErrorMs: millisecondsOf(directives, 'stale-if-error') ?? 0,
    explicitLifetimeMs: sharedMaxAge ?? millisecondsOf(directives, 'max-age') ?? expiresMs,
    withheldFields: [...fieldNames(noCache), ...fieldNames(isPrivate)],
  }
}

/** Directives of a targeted field; undefined when it is absent, empty, or not what it must be (RFC 9213 2.1). */
function targetedDirectives(value: string | undefined): Directives | undefined {
  const dictionary = value === undefined ? undefined : parseDictionary(value)
  if (dictionary === undefined || dictionary.size === 0) return undefined
  const directives = new Map<string, string | undefined>()
  for (const [name, item] of dictionary) {
    if (counting.has(name) && (item.type !== 'integer' || item.value < 0)) return undefined
    if (item.type !== 'boolean') directives.set(name, textOf(item))
    else if (item.value) directives.set(name, undefined)
  }
  return directives
}

function textOf(item: StructuredItem): string | undefined {
  return 'value' in item ? String(item.value) : undefined
}

/** RFC 9111 5.3: of several lines the soonest end is believed, and what cannot be read has ended. */
function lifetimeByExpires(headers: HeaderList, dateMs: number): number | undefined {
  const lines = linesOf(headers, 'expires')
  if (lines.length === 0) return undefined
  const ends = lines.map(line => parseHttpDate(line, dateMs) ?? Number.NEGATIVE_INFINITY)
  return Math.min(Math.max(0, Math.min(...ends) - dateMs), longestSeconds * 1000)
}

function fieldNames(value: string | undefined): string[] {
  return membersOf(value?.toLowerCase())
}
