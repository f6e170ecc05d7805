import { fieldOf, type HeaderFields } from './header-list.ts'
import { parseHttpDate } from './http-date.ts'

/** What tells one state of a resource from another. */
export interface Validators {
  readonly etag: string | undefined
  readonly lastModifiedAt: number | undefined
  /** Stands in for a last modification that is not known. */
  readonly dateAt: number
}

/** Fields that make a request conditional (RFC 9110 13.1). */
export const conditionalFields = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range']

const entityTagPattern = /\s*,?\s*(\*|(?:[Ww]\/)?"[^"]*"|[^\s,"]+)/y

/** Whether the client has the stored response already, so that 304 answers it (RFC 9110 13.1.2, 13.1.3). */
export function isNotModified(request: HeaderFields, stored: Validators): boolean {
  const ifNoneMatch = fieldOf(request, 'if-none-match')
  if (ifNoneMatch !== undefined) return matchesAny(ifNoneMatch, stored.etag)
  const ifModifiedSince = fieldOf(request, 'if-modified-since')
  if (ifModifiedSince === undefined) return false
  const since = parseHttpDate(ifModifiedSince, stored.dateAt)
  return since !== undefined && (stored.lastModifiedAt ?? stored.dateAt) <= since
}

/** Whether the request's `If-Range`, if it has one, names the stored response (RFC 9110 13.1.5: strong comparison). */
export function isRangeCurrent(request: HeaderFields, stored: Validators): boolean {
  const ifRange = fieldOf(request, 'if-range')?.trim()
  if (ifRange === undefined) return true
  if (ifRange.endsWith('"')) return isStrong(ifRange) && ifRange === stored.etag
  const date = parseHttpDate(ifRange, stored.dateAt)
  // A date is strong only when it lies well before the response was made (RFC 9110 8.8.2.2).
  return date !== undefined && date === stored.lastModifiedAt && stored.dateAt - date >= 60_000
}

export function isStrong(etag: string | undefined): boolean {
  return etag?.startsWith('"') ?? false
}

/** RFC 9110 8.8.3.2: weak comparison. */
function matchesAny(list: string, etag: string | undefined): boolean {
  const own = etag === undefined ? undefined : opaque(etag)
  entityTagPattern.lastIndex = 0
  for (;;) {
    const [, tag] = entityTagPattern.exec(list) ?? []
    if (tag === undefined) return false
    if (tag === '*' || (own !== undefined && opaque(tag) === own)) return true
  }
}

function opaque(etag: string): string {
  const trimmed = etag.trim()
  return /^[Ww]\//.test(trimmed) ? trimmed.slice(2) : trimmed
}
