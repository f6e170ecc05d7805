/** Header lines as they came: name, value, name, value … Names keep their spelling, lines their order. */
export type HeaderList = readonly string[]

/** Header fields by lower-case name, the lines of one joined by a comma: how node:http gives those of a request. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>

/** What a field name may be made of (RFC 9110 5.6.2). */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** What a field value may be made of (RFC 9110 5.5): no line break, no NUL, nothing beyond one byte. */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/

/** All lines of a field, each trimmed; the name in lower case. */
export function linesOf(headers: HeaderList, name: string): string[] {
  const lines: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const own = headers[at] ?? ''
    if (own.length === name.length && own.toLowerCase() === name) lines.push((headers[at + 1] ?? '').trim())
  }
  return lines
}

/** A field's value, its lines joined by a comma (RFC 9110 5.3); undefined when it is absent. The name in lower case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  const lines = linesOf(headers, name)
  return lines.length === 0 ? undefined : lines.join(', ')
}

/** Whether there is a line of a field. The name in lower case. */
export function hasHeader(headers: HeaderList, name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) {
    const own = headers[at]
    if (own?.length === name.length && own.toLowerCase() === name) return true
  }
  return false
}

/** The lines whose lower-case name passes. */
export function filterHeaders(headers: HeaderList, isKept: (name: string) => boolean): string[] {
  const kept: string[] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (isKept(name.toLowerCase())) kept.push(name, headers[at + 1] ?? '')
  }
  return kept
}

/** The members of a comma-separated field, trimmed, without empty ones. */
export function membersOf(value: string | undefined): string[] {
  if (value === undefined) return []
  return value
    .split(',')
    .map(member => member.trim())
    .filter(member => member !== '')
}

/** A request's field as one text. */
export function fieldOf(fields: HeaderFields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'object' ? value.join(', ') : value
}

/** Whether the lines can be written to a connection without breaking out of their place (response splitting). */
export function areWritable(headers: HeaderList): boolean {
  for (let at = 0; at < headers.length; at += 2) {
    if (!tokenPattern.test(headers[at] ?? '') || !valuePattern.test(headers[at + 1] ?? '')) return false
  }
  return headers.length % 2 === 0
}
