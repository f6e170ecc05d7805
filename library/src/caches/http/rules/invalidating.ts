import { type HeaderList, linesOf } from './header-list.ts'

/** Methods that change nothing (RFC 9110 9.2.1, RFC 4918, RFC 3253, RFC 9209); all others are taken to change something. */
const safeMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY',
])

export function isSafe(method: string): boolean {
  return safeMethods.has(method)
}

/**
 * What a successful unsafe request makes untrue beside its own URL: what `Location` and `Content-Location` name, as long
 * as it has the same origin, so that nobody can empty another's cache (RFC 9111 4.4).
 */
export function invalidatedBy(url: string, headers: HeaderList): string[] {
  const base = new URL(url)
  return [...linesOf(headers, 'location'), ...linesOf(headers, 'content-location')].flatMap(reference => {
    const named = URL.canParse(reference, base) ? new URL(reference, base) : undefined
    return named?.origin === base.origin ? [`${named.origin}${named.pathname}${named.search}`] : []
  })
}
