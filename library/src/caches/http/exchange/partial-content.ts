import type { Body, Forward, HttpRequest, OriginResponse } from '../messages.ts'
import { conditionalFields, isStrong } from '../rules/conditions.ts'
import { filterHeaders, headerOf, linesOf } from '../rules/header-list.ts'
import { parseContentRange } from '../rules/ranges.ts'
import { discard } from '../store/recording.ts'
import type { ResponseStore } from '../store/response-store.ts'
import type { StoredPart, StoredResponse } from '../store/stored-response.ts'

/** Parts of one representation that are kept at most; a client that asks for scattered bytes fills no memory. */
const mostParts = 16

/** What an inquiry knows of a response of which too little is stored. */
export interface PartialInquiry {
  readonly request: HttpRequest
  readonly forward: Forward
  readonly partial: StoredResponse | undefined
  readonly isBackground: boolean
}

/** Where the rest begins of a response whose beginning is stored, when it is the whole that is asked for. */
export function missingEnd({
  partial,
  request,
}: PartialInquiry): { readonly from: number; readonly etag: string } | undefined {
  const [part] = partial?.parts ?? []
  const etag = partial?.etag
  if (part?.first !== 0 || etag === undefined || !isStrong(etag) || partial?.parts.length !== 1) return undefined
  const asksForAll = request.method === 'GET' && conditionalFields.every(name => request.fields[name] === undefined)
  return asksForAll && request.fields['range'] === undefined ? { from: part.last + 1, etag } : undefined
}

/** The origin's answer, put behind the stored beginning when it is the end that was asked for (RFC 9111 3.4). */
export async function completed(
  inquiry: PartialInquiry,
  response: OriginResponse,
  store: ResponseStore,
): Promise<OriginResponse> {
  const missing = missingEnd(inquiry)
  if (missing === undefined || response.status !== 206) return response
  const range = parseContentRange(headerOf(response.headers, 'content-range'))
  const [part] = inquiry.partial?.parts ?? []
  const beginning = part && (await store.readBody(part))
  const [etag] = linesOf(response.headers, 'etag')
  const isEnd = range?.first === missing.from && range.last === range.length - 1 && etag === missing.etag
  if (!isEnd || beginning === undefined) {
    await discard(response.body)
    return inquiry.forward({ changes: { range: undefined, 'if-range': undefined }, isBackground: inquiry.isBackground })
  }
  const headers = filterHeaders(response.headers, name => name !== 'content-range' && name !== 'content-length')
  const all = [...headers, 'Content-Length', String(range.length)]
  return { ...response, status: 200, reason: 'OK', headers: all, body: chained(beginning, response.body) }
}

async function* chained(beginning: Uint8Array, rest: Body | undefined): AsyncGenerator<Uint8Array, undefined> {
  yield beginning
  if (rest instanceof Uint8Array) yield rest
  else if (rest !== undefined) yield* rest
}

/** RFC 9111 3.4: parts of one representation, which a strong validator proves them to be, are put together. */
export async function combined(
  stored: StoredResponse,
  newer: StoredResponse,
  bytes: Uint8Array,
  store: ResponseStore,
  maxBodyBytes: number,
): Promise<StoredResponse> {
  const [part] = newer.parts
  const isSame = isStrong(newer.etag) && newer.etag === stored.etag && newer.length === stored.length
  if (!isSame || part === undefined) return newer
  const parts: StoredPart[] = []
  let joined = { part, bytes }
  for (const other of stored.parts) {
    const touches = other.first <= joined.part.last + 1 && joined.part.first <= other.last + 1
    const otherBytes = touches ? await store.readBody(other) : undefined
    if (otherBytes === undefined) {
      if (!touches) parts.push(other)
      continue
    }
    const together = join(joined, { part: other, bytes: otherBytes })
    if (together.bytes.byteLength > maxBodyBytes) continue
    joined = {
      part: await store.keepBody(together.bytes, together.first, newer.lifetimeMs),
      bytes: together.bytes,
    }
  }
  return { ...newer, parts: [...parts, joined.part].sort((one, other) => one.first - other.first).slice(0, mostParts) }
}

function join(
  one: { readonly part: StoredPart; readonly bytes: Uint8Array },
  other: { readonly part: StoredPart; readonly bytes: Uint8Array },
): { readonly first: number; readonly bytes: Uint8Array } {
  const first = Math.min(one.part.first, other.part.first)
  const last = Math.max(one.part.last, other.part.last)
  const bytes = new Uint8Array(last - first + 1)
  bytes.set(other.bytes, other.part.first - first)
  bytes.set(one.bytes, one.part.first - first)
  return { first, bytes }
}
