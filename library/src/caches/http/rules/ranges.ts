/** Bytes of a representation, both ends included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What a `Range` asks for, before the length is known: from a byte on, up to one, or the last so many. */
export type RangeRequest =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | undefined }
  | { readonly kind: 'last'; readonly count: number }

const singlePattern = /^\s*bytes\s*=\s*(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))\s*$/i
const contentPattern = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i

/**
 * Reads a `Range` of one part. Undefined for anything else (RFC 9110 14.2: a range may always be ignored), among it ranges
 * of several parts, which are a way to make a server work hard.
 */
export function parseRange(value: string | undefined): RangeRequest | undefined {
  const [, first, last, count] = (value !== undefined && singlePattern.exec(value)) || []
  if (count !== undefined) return { kind: 'last', count: Number(count) }
  if (first === undefined) return undefined
  const end = last === undefined ? undefined : Number(last)
  return end !== undefined && end < Number(first) ? undefined : { kind: 'from', first: Number(first), last: end }
}

/** The bytes asked for of so many; undefined when there are none of them (416). */
export function resolveRange(request: RangeRequest, length: number): ByteRange | undefined {
  if (request.kind === 'last') {
    if (request.count === 0 || length === 0) return undefined
    return { first: Math.max(0, length - request.count), last: length - 1 }
  }
  if (request.first >= length) return undefined
  return { first: request.first, last: Math.min(request.last ?? length - 1, length - 1) }
}

/** Reads `Content-Range`; undefined when it cannot be read, or does not give the whole length. */
export function parseContentRange(value: string | undefined): (ByteRange & { readonly length: number }) | undefined {
  const [, first, last, length] = (value !== undefined && contentPattern.exec(value.trim())) || []
  if (first === undefined || last === undefined || length === undefined || length === '*') return undefined
  const range = { first: Number(first), last: Number(last), length: Number(length) }
  return range.first <= range.last && range.last < range.length ? range : undefined
}

/** The part that holds all of a range. */
export function partHolding<Part extends ByteRange>(parts: readonly Part[], range: ByteRange): Part | undefined {
  return parts.find(part => part.first <= range.first && range.last <= part.last)
}
