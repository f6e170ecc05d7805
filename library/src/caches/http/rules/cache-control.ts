/**
 * The directives of a `Cache-Control` field by lower-case name: what stands after the `=`, without quotes; undefined for
 * a directive that stands alone. Of a directive that is repeated the first one counts (RFC 9111 4.2.1).
 */
export type Directives = ReadonlyMap<string, string | undefined>

export const noDirectives: Directives = new Map()

/** More are not read: a field that long is none of a cache's business. */
const mostDirectives = 64
const directivePattern =
  /[\s,]*([^\s,="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?([^,"]*(?:"(?:[^"\\]|\\.)*"?[^,"]*)*)/y

/** Reads `Cache-Control` of a request or response. Never throws: what cannot be read is no directive. */
export function parseCacheControl(value: string | undefined): Directives {
  if (value === undefined || value === '') return noDirectives
  const directives = new Map<string, string | undefined>()
  directivePattern.lastIndex = 0
  while (directives.size < mostDirectives) {
    const match = directivePattern.exec(value)
    if (match === null) break
    const [, name = '', quoted, bare, rest = ''] = match
    // `max-age =1` and `max-age=1 2` are no directives of that name.
    if (rest.trim() !== '') continue
    const lower = name.toLowerCase()
    if (!directives.has(lower)) directives.set(lower, quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1'))
  }
  return directives
}

/**
 * A directive's seconds as milliseconds. Undefined when it is absent; 0 when it cannot be read, as a lifetime that cannot
 * be read has passed (RFC 9111 4.2.1).
 */
export function millisecondsOf(directives: Directives, name: string): number | undefined {
  if (!directives.has(name)) return undefined
  const value = directives.get(name)
  return value !== undefined && /^\d+$/.test(value) ? Math.min(Number(value), longestSeconds) * 1000 : 0
}

/** Where a counter of seconds may stop (RFC 9111 1.2.2); 68 years. */
export const longestSeconds = 2 ** 31
