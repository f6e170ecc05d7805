import type { HttpAnswer, HttpRequest } from '../messages.ts'
import type { Directives } from '../rules/cache-control.ts'
import { currentAgeMs } from '../rules/freshness.ts'
import type { HeaderList } from '../rules/header-list.ts'
import { decideReuse } from '../rules/reuse.ts'
import { isSelected } from '../rules/vary.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { cacheStatusOf } from './cache-status.ts'

/** A response that is being kept while it comes: whoever asks for the same reads along. */
export interface LiveAnswer {
  /** As it will be kept, but for its bytes. */
  readonly response: StoredResponse
  /** How many bytes it says that it has. */
  readonly announced: number | undefined
  readonly trailers: (() => HeaderList) | undefined
  /** Its body from the beginning; undefined when that is gone, or was invalidated since. */
  readonly join: () => AsyncIterable<Uint8Array> | undefined
}

/** What a live response answers to a request for its whole; undefined when it is not for this one. */
export function answerLive(
  live: LiveAnswer,
  { fields, keyedFields }: HttpRequest,
  directives: Directives,
  { name, now }: { readonly name: string; readonly now: number },
): HttpAnswer | undefined {
  const { response, announced, trailers } = live
  const ageMs = currentAgeMs(response.initialAgeMs, response.respondedAt, now)
  if (!isSelected(response.selection, fields, keyedFields)) return undefined
  if (decideReuse(response, ageMs, directives) !== 'fresh') return undefined
  const body = live.join()
  if (body === undefined) return undefined
  const length = announced === undefined ? [] : ['Content-Length', String(announced)]
  const status = cacheStatusOf(name, { kind: 'hit', ttlMs: response.lifetimeMs - ageMs, isCollapsed: true })
  const headers = [...response.headers, ...length, 'Age', String(Math.floor(ageMs / 1000)), 'Cache-Status', status]
  return {
    status: response.status,
    reason: response.reason,
    headers,
    body,
    ...(trailers === undefined ? {} : { trailers }),
  }
}
