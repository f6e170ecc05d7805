import type { HttpAnswer, HttpRequest } from '../messages.ts'
import { isNotModified, isRangeCurrent } from '../rules/conditions.ts'
import { currentAgeMs } from '../rules/freshness.ts'
import { fieldOf, filterHeaders } from '../rules/header-list.ts'
import { type ByteRange, parseRange, partHolding, resolveRange } from '../rules/ranges.ts'
import type { ResponseStore } from '../store/response-store.ts'
import { isComplete, type StoredResponse } from '../store/stored-response.ts'
import { cacheStatusOf, type HandledAs } from './cache-status.ts'

/** What of a stored response answers a request. */
export type Portion =
  | { readonly kind: 'not_modified' | 'head' | 'whole' | 'unsatisfiable' }
  | { readonly kind: 'range'; readonly range: ByteRange }

const noBytes = new Uint8Array(0)
const statusesWithoutBody: ReadonlySet<number> = new Set([204, 205])

/** Which portion a request asks for; undefined when too little is stored for it. */
export function portionFor(request: HttpRequest, stored: StoredResponse): Portion | undefined {
  const { fields, method } = request
  if (stored.status === 200 && isNotModified(fields, stored)) return { kind: 'not_modified' }
  if (method === 'HEAD') return { kind: 'head' }
  const asked = stored.status === 200 ? parseRange(fieldOf(fields, 'range')) : undefined
  if (asked !== undefined && isRangeCurrent(fields, stored)) {
    const range = resolveRange(asked, stored.length)
    if (range === undefined) return { kind: 'unsatisfiable' }
    return partHolding(stored.parts, range) === undefined ? undefined : { kind: 'range', range }
  }
  return isComplete(stored) ? { kind: 'whole' } : undefined
}

/**
 * The answer that a stored response gives (RFC 9111 4).
 * @returns undefined when its bytes were evicted meanwhile
 */
export async function answerFrom(
  stored: StoredResponse,
  portion: Portion,
  { store, name, now, handled }: { store: ResponseStore; name: string; now: number; handled: HandledAs },
): Promise<HttpAnswer | undefined> {
  const ageMs = currentAgeMs(stored.initialAgeMs, stored.respondedAt, now)
  const added = ['Age', String(Math.floor(ageMs / 1000)), 'Cache-Status', cacheStatusOf(name, handled)]
  const { status, reason, length } = stored
  switch (portion.kind) {
    case 'not_modified': {
      const kept = filterHeaders(stored.headers, field => !field.startsWith('content-') || field === 'content-location')
      return { status: 304, reason: 'Not Modified', headers: [...kept, ...added], body: undefined }
    }
    case 'head': {
      const size = statusesWithoutBody.has(status) ? [] : ['Content-Length', String(length)]
      return { status, reason, headers: [...stored.headers, ...size, ...added], body: undefined }
    }
    case 'unsatisfiable': {
      const kept = filterHeaders(stored.headers, field => !field.startsWith('content-'))
      const headers = [...kept, 'Content-Range', `bytes */${length}`, 'Content-Length', '0', ...added]
      return { status: 416, reason: 'Range Not Satisfiable', headers, body: noBytes }
    }
    case 'range': {
      const body = await readRange(store, stored, portion.range)
      if (body === undefined) return undefined
      const { first, last } = portion.range
      const range = ['Content-Range', `bytes ${first}-${last}/${length}`, 'Content-Length', String(body.byteLength)]
      return { status: 206, reason: 'Partial Content', headers: [...stored.headers, ...range, ...added], body }
    }
    case 'whole': {
      if (statusesWithoutBody.has(status))
        return { status, reason, headers: [...stored.headers, ...added], body: undefined }
      const body = length === 0 ? noBytes : await readRange(store, stored, { first: 0, last: length - 1 })
      if (body === undefined) return undefined
      return { status, reason, headers: [...stored.headers, 'Content-Length', String(length), ...added], body }
    }
  }
}

async function readRange(
  store: ResponseStore,
  stored: StoredResponse,
  range: ByteRange,
): Promise<Uint8Array | undefined> {
  const part = partHolding(stored.parts, range)
  const bytes = part && (await store.readBody(part))
  if (part === undefined || bytes?.byteLength !== part.last - part.first + 1) return undefined
  return bytes.subarray(range.first - part.first, range.last - part.first + 1)
}
