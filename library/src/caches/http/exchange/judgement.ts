import type { HttpRequest, OriginResponse } from '../messages.ts'
import type { HttpCacheSettings } from '../options.ts'
import type { Directives } from '../rules/cache-control.ts'
import { endToEnd } from '../rules/forwarding.ts'
import { dateOf, type ExchangeTimes, heuristicLifetimeMs, initialAgeMs, lastModifiedOf } from '../rules/freshness.ts'
import { areWritable, fieldOf, filterHeaders, type HeaderList, headerOf, linesOf } from '../rules/header-list.ts'
import { httpDate } from '../rules/http-date.ts'
import { readResponseControl } from '../rules/response-control.ts'
import { decideStoring, type Refusal } from '../rules/storing.ts'
import { selectionOf, varyNames } from '../rules/vary.ts'
import type { StoredPart, StoredResponse } from '../store/stored-response.ts'

/** What the cache thinks of a response. */
export type Judgement =
  | { readonly kind: 'refuse'; readonly reason: Refusal }
  | {
      readonly kind: 'store'
      readonly lifetimeMs: number
      /** The response as it is kept, once its bytes are. */
      readonly with: (parts: readonly StoredPart[], length: number) => StoredResponse
    }

/** A tag is a text of visible characters. */
const mostTags = 64
const longestTag = 256

/** Decides whether a response may be kept, and makes what is kept of it. */
export function judge(
  request: HttpRequest,
  directives: Directives,
  response: Pick<OriginResponse, 'status' | 'reason' | 'headers'>,
  times: ExchangeTimes,
  settings: HttpCacheSettings,
): Judgement {
  const { status, reason } = response
  const headers = datedHeaders(response.headers, times)
  if (!areWritable(headers)) return { kind: 'refuse', reason: 'bad-header' }
  const dateAt = dateOf(headers, times)
  const control = readResponseControl(headers, settings.targets, dateAt)
  const names = varyNames(headers)
  const [etag] = linesOf(headers, 'etag')
  const lastModifiedAt = lastModifiedOf(headers, dateAt)
  const decision = decideStoring({
    method: request.method,
    status,
    requestDirectives: directives,
    isAuthorized: fieldOf(request.fields, 'authorization') !== undefined,
    control,
    hasValidator: etag !== undefined || lastModifiedAt !== undefined,
    hasSetCookie: headerOf(headers, 'set-cookie') !== undefined,
    variesOnAll: names === undefined,
    heuristicMs: heuristicLifetimeMs(headers, dateAt),
    defaultTtlMs: request.defaultTtlMs,
  })
  if (decision.kind === 'refuse') return decision
  const withheld = new Set(['age', 'content-length', 'trailer', ...control.withheldFields])
  const kept = {
    status,
    reason,
    headers: filterHeaders(headers, name => !withheld.has(name)),
    selection: selectionOf(names ?? [], request.keyedFields ?? [], request.fields),
    source: decision.source,
    lifetimeMs: decision.lifetimeMs,
    noCache: control.noCache,
    mustRevalidate: control.mustRevalidate,
    immutable: control.immutable,
    staleWhileRevalidateMs: control.staleWhileRevalidateMs,
    staleIfErrorMs: control.staleIfErrorMs,
    initialAgeMs: initialAgeMs(headers, times, settings.staleOnBadAge),
    respondedAt: times.respondedAt,
    dateAt,
    etag,
    lastModifiedAt,
    tags: tagsOf(headers, settings.tagFields),
  }
  return { kind: 'store', lifetimeMs: decision.lifetimeMs, with: (parts, length) => ({ ...kept, parts, length }) }
}

/** The fields that go on, with a `Date` where there is none (RFC 9110 6.6.1). */
export function datedHeaders(headers: HeaderList, { respondedAt }: ExchangeTimes): HeaderList {
  const passing = endToEnd(headers)
  return headerOf(passing, 'date') === undefined ? [...passing, 'Date', httpDate(respondedAt)] : passing
}

/** Tags by which a response can be purged: parted by blanks or commas. */
function tagsOf(headers: HeaderList, fields: readonly string[]): string[] {
  const tags = fields.flatMap(field => (headerOf(headers, field) ?? '').split(/[\s,]+/))
  return [...new Set(tags.filter(tag => tag !== '' && tag.length <= longestTag))].slice(0, mostTags)
}
