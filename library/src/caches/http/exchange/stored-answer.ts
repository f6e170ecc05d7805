import type { HttpAnswer, HttpRequest } from '../messages.ts'
import { isNotModified, isRangeCurrent } from '../rules/conditions.ts'
import { currentAgeMs } from '../rules/freshness.ts'
import { fieldOf, filterHeaders } from '../rules/header-list.ts'
import { type ByteRange, parseRanges, partHolding, resolveRanges } from '../rules/ranges.ts'
import type { ResponseStore } from '../store/response-store.ts'
import { isComplete, type StoredPart, type StoredResponse } from '../store/stored-response.ts'
import { inParts } from './byte-ranges.ts'
import { cacheStatusOf, type HandledAs } from './cache-status.ts'

/** What of a stored response answers a request. */
export type Portion =
  | { readonly kind: 'not_modified' | 'head' | 'whole' | 'unsatisfiable' }
  | { readonly kind: 'range'; readonly range: ByteRange }
  | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] }

const noBytes = new Uint8Array(0)
const statusesWithoutBody: ReadonlySet<number> = new Set([204, 205])

/** Which portion a request asks for; undefined when too little is stored for it. */
export function portionFor(request: HttpRequest, stored: StoredResponse): Portion | undefined {
  const { fields, method } = request
  if (stored.status === 200 && isNotModified(fields, stored)) return { kind: 'not_modified' }
  if (method === 'HEAD') return { kind: 'head' }
  const asked = stored.status === 200 ? parseRanges(fieldOf(fields, 'range')) : undefined
  if (asked !== undefined && isRangeCurrent(fields, stored)) {
    const ranges = resolveRanges(asked, stored.length)
    const [range, ...more] = ranges
    if (range === undefined) return { kind: 'unsatisfiable' }
    if (more.length > 0) return isComplete(stored) ? { kind: 'ranges', ranges } : undefined
    return partHolding(stored.parts, range) === undefined ? undefined : { kind: 'range', range }
  }
  return isComplete(stored) ? { kind: 'whole' } : undefined
}

/** What an answer from the store says of itself. */
export interface AnswerTerms {
  readonly store: ResponseStore
  readonly name: string
  readonly now: number
  readonly handled: HandledAs
}

/**
 * The answer that a stored response gives (RFC 9111 4).
 * @returns undefined when its bytes were evicted meanwhile
 */
export async function answerFrom(
  stored: StoredResponse,
  portion: Portion,
  terms: AnswerTerms,
): Promise<HttpAnswer | undefined> {
  const range = rangeOf(stored, portion)
  const part = range && partHolding(stored.parts, range)
  const bytes = part && (await terms.store.readBody(part))
  return range === undefined
    ? answerWith(stored, portion, noBytes, terms)
    : cut(stored, portion, range, part, bytes, terms)
}

/** The same, if memory has the bytes at once. */
export function answerNow(stored: StoredResponse, portion: Portion, terms: AnswerTerms): HttpAnswer | undefined {
  const range = rangeOf(stored, portion)
  if (range === undefined) return answerWith(stored, portion, noBytes, terms)
  const part = partHolding(stored.parts, range)
  return cut(stored, portion, range, part, part && terms.store.readBodyNow(part), terms)
}

function cut(
  stored: StoredResponse,
  portion: Portion,
  range: ByteRange,
  part: StoredPart | undefined,
  bytes: Uint8Array | undefined,
  terms: AnswerTerms,
): HttpAnswer | undefined {
  if (part === undefined || bytes?.byteLength !== part.last - part.first + 1) return undefined
  const isAll = range.first === part.first && range.last === part.last
  const body = isAll ? bytes : bytes.subarray(range.first - part.first, range.last - part.first + 1)
  return answerWith(stored, portion, body, terms)
}

/** The bytes that an answer is made of; undefined when it is made of none. */
function rangeOf(stored: StoredResponse, portion: Portion): ByteRange | undefined {
  if (portion.kind === 'range') return portion.range
  const isCutFromWhole = portion.kind === 'whole' || portion.kind === 'ranges'
  const hasBytes = isCutFromWhole && stored.length > 0 && !statusesWithoutBody.has(stored.status)
  return hasBytes ? { first: 0, last: stored.length - 1 } : undefined
}

function answerWith(stored: StoredResponse, portion: Portion, body: Uint8Array, terms: AnswerTerms): HttpAnswer {
  const { name, now, handled } = terms
  const { status, reason, length } = stored
  const ageMs = currentAgeMs(stored.initialAgeMs, stored.respondedAt, now)
  const added = ['Age', String(Math.floor(ageMs / 1000)), 'Cache-Status', cacheStatusOf(name, handled)]
  switch (portion.kind) {
    case 'not_modified': {
      const kept = filterHeaders(stored.headers, field => !field.startsWith('content-') || field === 'content-location')
      return { status: 304, reason: 'Not Modified', headers: [...kept, ...added], body: undefined }
    }
    case 'unsatisfiable': {
      const kept = filterHeaders(stored.headers, field => !field.startsWith('content-'))
      const headers = [...kept, 'Content-Range', `bytes */${length}`, 'Content-Length', '0', ...added]
      return { status: 416, reason: 'Range Not Satisfiable', headers, body }
    }
    case 'range': {
      const { first, last } = portion.range
      const range = ['Content-Range', `bytes ${first}-${last}/${length}`, 'Content-Length', String(body.byteLength)]
      return { status: 206, reason: 'Partial Content', headers: [...stored.headers, ...range, ...added], body }
    }
    case 'ranges': {
      const parts = inParts(stored.headers, portion.ranges, body)
      return { status: 206, reason: 'Partial Content', headers: [...parts.headers, ...added], body: parts.body }
    }
    default: {
      if (statusesWithoutBody.has(status))
        return { status, reason, headers: [...stored.headers, ...added], body: undefined }
      const headers = [...stored.headers, 'Content-Length', String(length), ...added]
      return { status, reason, headers, body: portion.kind === 'head' ? undefined : body }
    }
  }
}
