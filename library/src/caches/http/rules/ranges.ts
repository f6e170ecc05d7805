import { membersOf } from './header-list.ts'

/** Bytes of a representation, both ends included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** What a `Range` asks for, before the length is known, each of them: from a byte on, up to one, or the last so many. */
export type RangeRequest =
  | { readonly kind: 'from'; readonly first: number; readonly last: number | undefined }
  | { readonly kind: 'last'; readonly count: number }

const unitPattern = /^\s*bytes\s*=(.*)$/i
const memberPattern = /^(?:(\d{1,15})-(\d{1,15})?|-(\d{1,15}))$/
const contentPattern = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i

/** Ranges that one request may ask for: more are a way to make a server work hard (RFC 9110 17.15). */
const mostRanges = 10

/** Reads `Range`. Undefined for what cannot be read or asks for too many: a range may always be ignored (RFC 9110 14.2). */
export function parseRanges(value: string | undefined): readonly RangeRequest[] | undefined {
  if (value === undefined) return undefined
  const texts = membersOf(unitPattern.exec(value)?.[1])
  if (texts.length === 0 || texts.length > mostRanges) return undefined
  const ranges = texts.map(parseMember)
  return ranges.some(range => range === undefined) ? undefined : ranges.filter(range => range !== undefined)
}

function parseMember(text: string): RangeRequest | undefined {
  const [, first, last, count] = memberPattern.exec(text) ?? []
  if (count !== undefined) return { kind: 'last', count: Number(count) }
  if (first === undefined) return undefined
  const end = last === undefined ? undefined : Number(last)
  return end !== undefined && end < Number(first) ? undefined : { kind: 'from', first: Number(first), last: end }
}

/** The bytes asked for of so many, in order, those that touch put together; empty when there are none of them (416). */
export function resolveRanges(requests: readonly RangeRequest[], length: number): readonly ByteRange[] {
  const found = requests.map(request => resolveRange(request, length)).filter(range => range !== undefined)
  found.sort((one, other) => one.first - other.first)
  const merged: ByteRange[] = []
  for (const range of found) {
    const before = merged.at(-1)
    if (before === undefined || range.first > before.last + 1) merged.push(range)
    else merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, range.last) }
  }
  return merged
}

function resolveRange(request: RangeRequest, length: number): ByteRange | undefined {
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
