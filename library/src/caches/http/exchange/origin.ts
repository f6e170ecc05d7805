import type { Announcer } from '../../../base/announcer.ts'
import type { HttpCacheEvents } from '../http-cache-events.ts'
import type { Body, Forward, HttpAnswer, HttpRequest, OriginResponse } from '../messages.ts'
import type { HttpCacheSettings } from '../options.ts'
import type { Directives } from '../rules/cache-control.ts'
import { isNotModified } from '../rules/conditions.ts'
import { updatedHeaders } from '../rules/forwarding.ts'
import { currentAgeMs, type ExchangeTimes } from '../rules/freshness.ts'
import { fieldOf, filterHeaders, type HeaderList, headerOf, linesOf } from '../rules/header-list.ts'
import { invalidatedBy, isSafe } from '../rules/invalidating.ts'
import { parseContentRange } from '../rules/ranges.ts'
import { isServerError, mayServeInstead, type OriginFailure } from '../rules/reuse.ts'
import type { FillWatch } from '../store/fill-watches.ts'
import { discard, drain, type RecordingOptions, recorded, recordWhole } from '../store/recording.ts'
import type { ResponseStore } from '../store/response-store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { cacheStatusOf, type HandledAs } from './cache-status.ts'
import type { FlightOutcome, Pilot } from './flights.ts'
import { datedHeaders, type Judgement, judge } from './judgement.ts'
import { combined, completed, missingEnd } from './partial-content.ts'
import { answerFrom, portionFor } from './stored-answer.ts'
import { ValidationFailure } from './validation-failure.ts'

/** Why the origin is asked. */
export type ForwardReason = Extract<HandledAs, { kind: 'forwarded' }>['reason']

/** One asking of the origin. Its pilot is told once each: of an answer that can be read along, and of the end. */
export interface Inquiry extends Pilot {
  readonly request: HttpRequest
  readonly directives: Directives
  readonly forward: Forward
  readonly reason: ForwardReason
  /** What is validated by it, if anything is. */
  readonly stored: StoredResponse | undefined
  /** Too little of the answer, which the origin's may complete. */
  readonly partial: StoredResponse | undefined
  readonly isBackground: boolean
}

type Storing = Extract<Judgement, { kind: 'store' }>

/** Asks the origin, hands its answer on, and keeps what may be kept. */
export class Origin {
  readonly #settings: HttpCacheSettings
  readonly #store: ResponseStore
  readonly #events: Announcer<HttpCacheEvents>

  constructor(settings: HttpCacheSettings, store: ResponseStore, events: Announcer<HttpCacheEvents>) {
    this.#settings = settings
    this.#store = store
    this.#events = events
  }

  async ask(inquiry: Inquiry): Promise<HttpAnswer> {
    const watch = this.#store.watch(inquiry.request.url)
    const settle = once((outcome: FlightOutcome) => {
      this.#store.unwatch(watch)
      inquiry.onSettled(outcome)
    })
    try {
      await this.#store.arm(watch)
      return await this.#ask({ ...inquiry, onSettled: settle }, watch)
    } catch (error) {
      settle('failed')
      throw error
    }
  }

  async #ask(inquiry: Inquiry, watch: FillWatch): Promise<HttpAnswer> {
    const { request, stored, forward, isBackground, onSettled } = inquiry
    const requestedAt = this.#settings.clock.now()
    let response: OriginResponse
    try {
      response = await forward({ changes: changesFor(inquiry), isBackground })
    } catch (error) {
      if (stored === undefined || isBackground) throw error
      const instead = await this.#instead(inquiry, 'unreachable', undefined)
      onSettled('failed')
      if (instead === undefined) throw new ValidationFailure(this.#settings.name, error)
      this.#events.announce('origin_failed', { url: request.url, error })
      return instead
    }
    const times = { requestedAt, respondedAt: this.#settings.clock.now() }
    response = await completed(inquiry, response, this.#store)
    if (stored !== undefined && isServerError(response.status)) {
      const instead = await this.#instead(inquiry, 'error', response.status)
      if (instead !== undefined) {
        onSettled('failed')
        await discard(response.body)
        return instead
      }
    }
    if (!isSafe(request.method) && response.status < 400) await this.#invalidate(request, response.headers, watch)
    if (stored !== undefined && response.status === 304) {
      const fresh = await this.#freshen(inquiry, stored, response, times, watch)
      if (fresh !== undefined) return fresh
      // Its bytes were evicted while it was validated.
      return this.#ask({ ...inquiry, stored: undefined, forward: withoutConditions(forward) }, watch)
    }
    if (request.method === 'HEAD' && stored !== undefined && response.status === 200) {
      await this.#compareHead(inquiry, stored, response, times, watch)
    }
    return this.#deliver(inquiry, response, times, watch)
  }

  /** A stale response in the place of the origin's failure, where that is allowed. */
  async #instead(
    inquiry: Inquiry,
    failure: OriginFailure,
    status: number | undefined,
  ): Promise<HttpAnswer | undefined> {
    const { stored, request, directives, isBackground } = inquiry
    if (stored === undefined || isBackground) return undefined
    const now = this.#settings.clock.now()
    const ageMs = currentAgeMs(stored.initialAgeMs, stored.respondedAt, now)
    if (!mayServeInstead(stored, ageMs, directives, failure, this.#settings.staleIfUnreachableMs)) return undefined
    const handled: HandledAs = {
      kind: 'forwarded',
      reason: 'stale',
      ...(status === undefined ? { detail: 'unreachable' } : { status }),
      isStored: false,
    }
    return this.#answer(request, stored, now, handled)
  }

  /** RFC 9111 4.3.4: the origin says that the stored response still is the right one. */
  async #freshen(
    { request, directives, reason, onSettled }: Inquiry,
    stored: StoredResponse,
    response: OriginResponse,
    times: ExchangeTimes,
    watch: FillWatch,
  ): Promise<HttpAnswer | undefined> {
    const renewed = this.#renewed(request, directives, stored, response.headers, times)
    const isStored = await this.#store.replace(watch, stored, renewed)
    this.#events.announce('validated', { outcome: 'confirmed' })
    const handled: HandledAs = { kind: 'forwarded', reason, status: 304, isStored: isStored && renewed !== undefined }
    const answer = await this.#answer(request, renewed ?? stored, times.respondedAt, handled)
    if (answer !== undefined) onSettled(renewed === undefined ? 'unshared' : 'shared')
    return answer
  }

  /** RFC 9111 4.3.5: an answer to HEAD renews the stored response, or shows that it is outdated. */
  async #compareHead(
    { request, directives }: Inquiry,
    stored: StoredResponse,
    response: OriginResponse,
    times: ExchangeTimes,
    watch: FillWatch,
  ): Promise<void> {
    const [etag] = linesOf(response.headers, 'etag')
    const [changed] = linesOf(stored.headers, 'last-modified')
    const [changedNow = changed] = linesOf(response.headers, 'last-modified')
    const length = headerOf(response.headers, 'content-length')
    const isSame =
      (etag === undefined || etag === stored.etag) &&
      changedNow === changed &&
      (length === undefined || length === String(stored.length))
    const renewed = isSame ? this.#renewed(request, directives, stored, response.headers, times) : undefined
    await this.#store.replace(watch, stored, renewed)
  }

  #renewed(
    request: HttpRequest,
    directives: Directives,
    stored: StoredResponse,
    headers: HeaderList,
    times: ExchangeTimes,
  ): StoredResponse | undefined {
    const merged = { status: stored.status, reason: stored.reason, headers: updatedHeaders(stored.headers, headers) }
    const judgement = judge({ ...request, method: 'GET' }, directives, merged, times, this.#settings)
    return judgement.kind === 'store' ? judgement.with(stored.parts, stored.length) : undefined
  }

  async #deliver(
    inquiry: Inquiry,
    response: OriginResponse,
    times: ExchangeTimes,
    watch: FillWatch,
  ): Promise<HttpAnswer> {
    const { request, directives, stored, onSettled } = inquiry
    if (stored !== undefined && !isServerError(response.status)) {
      this.#events.announce('validated', { outcome: 'replaced' })
    }
    const judgement = isStorable(request, response)
      ? judge(request, directives, response, times, this.#settings)
      : ({ kind: 'refuse', reason: 'method' } as const)
    const headers = datedHeaders(response.headers, times)
    const refusal = judgement.kind === 'refuse' ? judgement.reason : undefined
    const status = cacheStatusOf(this.#settings.name, {
      kind: 'forwarded',
      reason: inquiry.reason,
      isStored: refusal === undefined,
      ...(refusal === undefined ? {} : { detail: refusal }),
    })
    const answer = { ...response, headers: [...headers, 'Cache-Status', status] }
    if (judgement.kind === 'refuse') {
      // What was validated is no longer what the origin answers, unless it failed, or answers this one client alone.
      const isOutdated = request.method === 'GET' && response.status < 500 && judgement.reason !== 'no-store'
      if (stored !== undefined && isOutdated) await this.#store.replace(watch, stored, undefined)
      onSettled('unshared')
      return answer
    }
    const body = await this.#record(inquiry, judgement, response, watch)
    // The origin was asked without the client's conditions, which are the cache's to judge then (RFC 9111 4.3.2).
    if (stored !== undefined && response.status === 200 && isNotModified(request.fields, judgement.with([], 0))) {
      void drain(body).catch(() => onSettled('failed'))
      const kept = filterHeaders(answer.headers, name => !name.startsWith('content-') || name === 'content-location')
      return { status: 304, reason: 'Not Modified', headers: kept, body: undefined }
    }
    return { ...answer, body }
  }

  /** The body as it goes to the client, while it is kept. One that is there as a whole is kept before it goes. */
  async #record(
    inquiry: Inquiry,
    judgement: Storing,
    response: OriginResponse,
    watch: FillWatch,
  ): Promise<Body | undefined> {
    const range = response.status === 206 ? parseContentRange(headerOf(response.headers, 'content-range')) : undefined
    const announced = headerOf(response.headers, 'content-length')
    const expected = range === undefined ? Number(announced ?? Number.NaN) : range.last - range.first + 1
    const options: RecordingOptions = {
      maxBytes: this.#settings.maxBodyBytes,
      announced: Number.isNaN(expected) ? undefined : expected,
      onEnd: async bytes => {
        try {
          const isKept = bytes !== undefined && (await this.#keep(inquiry, judgement, bytes, range, watch))
          if (isKept) this.#events.announce('stored', { bytes: bytes.byteLength })
          inquiry.onSettled(isKept ? 'shared' : 'unshared')
        } catch {
          // The store announces its own failures; the client's answer does not suffer from them.
          inquiry.onSettled('failed')
        }
      },
    }
    const { body } = response
    if (body !== undefined && !(body instanceof Uint8Array)) {
      const recording = recorded(body, options)
      const join = () => (watch.isFenced ? undefined : recording.join())
      const { announced: length } = options
      const live = { response: judgement.with([], 0), announced: length, trailers: response.trailers, join }
      if (range === undefined) inquiry.onLive(live)
      return recording.body
    }
    await recordWhole(body ?? new Uint8Array(0), body === undefined ? { ...options, announced: undefined } : options)
    return body
  }

  async #keep(
    { partial }: Inquiry,
    judgement: Storing,
    bytes: Uint8Array,
    range: { readonly first: number; readonly length: number } | undefined,
    watch: FillWatch,
  ): Promise<boolean> {
    const part =
      bytes.byteLength === 0 ? [] : [await this.#store.keepBody(bytes, range?.first ?? 0, judgement.lifetimeMs)]
    const response = judgement.with(part, range?.length ?? bytes.byteLength)
    if (range === undefined) return this.#store.keep(watch, response)
    // Kept as what it is a part of.
    const whole = {
      ...response,
      status: 200,
      reason: 'OK',
      headers: filterHeaders(response.headers, name => name !== 'content-range'),
    }
    return this.#store.keep(
      watch,
      partial === undefined ? whole : await combined(partial, whole, bytes, this.#store, this.#settings.maxBodyBytes),
    )
  }

  async #invalidate(request: HttpRequest, headers: HeaderList, watch: FillWatch): Promise<void> {
    for (const url of [request.url, ...invalidatedBy(request.url, headers)]) await this.#store.forget(url, watch)
  }

  async #answer(
    request: HttpRequest,
    stored: StoredResponse,
    now: number,
    handled: HandledAs,
  ): Promise<HttpAnswer | undefined> {
    const portion = portionFor(request, stored)
    if (portion === undefined) return undefined
    return answerFrom(stored, portion, { store: this.#store, name: this.#settings.name, now, handled })
  }
}

/** What the origin's answer may be kept for: GET; POST that names what GET would give (RFC 9110 9.3.3). */
function isStorable(request: HttpRequest, response: OriginResponse): boolean {
  if (response.status === 206) return parseContentRange(headerOf(response.headers, 'content-range')) !== undefined
  if (request.method !== 'POST') return request.method === 'GET'
  const [location] = linesOf(response.headers, 'content-location')
  return (
    location !== undefined && URL.canParse(location, request.url) && new URL(location, request.url).href === request.url
  )
}

/** The fields of the request that the cache changes. */
function changesFor(inquiry: Inquiry): Record<string, string | undefined> {
  const { stored, request } = inquiry
  const missing = missingEnd(inquiry)
  if (missing !== undefined) return { range: `bytes=${missing.from}-`, 'if-range': missing.etag }
  if (stored === undefined) return {}
  const [lastModified] = linesOf(stored.headers, 'last-modified')
  const isWhole = inquiry.isBackground || fieldOf(request.fields, 'range') === undefined
  return {
    // The stored response's validators in the place of the client's conditions (RFC 9111 4.3.1).
    'if-none-match': stored.etag,
    'if-modified-since': lastModified,
    ...(isWhole ? { range: undefined, 'if-range': undefined } : {}),
  }
}

function withoutConditions(forward: Forward): Forward {
  return ask =>
    forward({ ...ask, changes: { ...ask.changes, 'if-none-match': undefined, 'if-modified-since': undefined } })
}

function once<Argument>(work: (argument: Argument) => void): (argument: Argument) => void {
  let isDone = false
  return argument => {
    if (isDone) return
    isDone = true
    work(argument)
  }
}
