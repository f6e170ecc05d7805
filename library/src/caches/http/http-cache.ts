import { Announcer } from '../../base/announcer.ts'
import { createCache } from '../../core/create-cache.ts'
import type { HandledAs } from './exchange/cache-status.ts'
import { type Flight, Flights, type Pilot } from './exchange/flights.ts'
import { answerLive } from './exchange/live-answer.ts'
import { type ForwardReason, Origin } from './exchange/origin.ts'
import { answerFrom, answerNow, portionFor } from './exchange/stored-answer.ts'
import type { HttpCacheEvents } from './http-cache-events.ts'
import type { Forward, HttpAnswer, HttpRequest } from './messages.ts'
import { type HttpCacheOptions, type HttpCacheSettings, readHttpCacheOptions } from './options.ts'
import { type Directives, noDirectives, parseCacheControl } from './rules/cache-control.ts'
import { conditionalFields } from './rules/conditions.ts'
import { currentAgeMs } from './rules/freshness.ts'
import { fieldOf, type HeaderFields } from './rules/header-list.ts'
import { decideReuse } from './rules/reuse.ts'
import { drain } from './store/recording.ts'
import { type ResponseCache, ResponseStore } from './store/response-store.ts'
import { isComplete, type StoredResponse } from './store/stored-response.ts'

/** How long a request waits for another's answer before it asks the origin itself. */
const longestWaitMs = 10_000

/**
 * A shared HTTP cache by RFC 9111, 5861, 8246, 9211 and 9213, without a server of its own: whoever has a request asks it,
 * and lends it a way to the origin. `reprise/fastify`, `reprise/express`, `reprise/fetch` and `reprise proxy` do.
 *
 * @example
 * const http = httpCache({ cache: createCache({ name: 'http', memory: { maxBytes: '256mb' } }) })
 * const answer = await http.handle({ method: 'GET', url: 'http://origin/a', fields: {} }, askOrigin)
 */
export class HttpCache {
  readonly #settings: HttpCacheSettings
  readonly #store: ResponseStore
  readonly #origin: Origin
  readonly #flights: Flights
  readonly #events = new Announcer<HttpCacheEvents>()
  readonly #close: () => Promise<void>

  constructor(options: HttpCacheOptions = {}) {
    this.#settings = readHttpCacheOptions(options)
    const { maxVariants, keepStaleMs, clock } = this.#settings
    const { cache, close } = openCache(this.#settings)
    this.#store = new ResponseStore({ cache, maxVariants, keepStaleMs })
    this.#close = close
    this.#origin = new Origin(this.#settings, this.#store, this.#events)
    this.#flights = new Flights(clock)
  }

  /**
   * Answers a request from what is kept, or by asking the origin.
   * @throws what `forward` throws, where nothing is kept; `ValidationFailure` where that may not be served instead
   */
  async handle(request: HttpRequest, forward: Forward): Promise<HttpAnswer> {
    const { method, fields } = request
    const isRead = method === 'GET' || method === 'HEAD'
    const directives = requestDirectives(fields)
    if (!isRead || isBypassed(fields)) {
      return this.#ask({ request, forward, directives, reason: isRead ? 'bypass' : 'method' })
    }
    return this.#fromStore(request, forward, directives, true)
  }

  /**
   * The answer to a request, if memory has it and it is fresh: what `handle` would answer, without any waiting. Undefined
   * for everything else, which is for `handle`.
   */
  answerNow(request: HttpRequest): HttpAnswer | undefined {
    const { method, fields } = request
    if ((method !== 'GET' && method !== 'HEAD') || isBypassed(fields)) return undefined
    const stored = this.#store.findNow(request)
    const portion = stored && portionFor(request, stored)
    if (stored === undefined || portion === undefined) return undefined
    const now = this.#settings.clock.now()
    const ageMs = currentAgeMs(stored.initialAgeMs, stored.respondedAt, now)
    if (decideReuse(stored, ageMs, requestDirectives(fields)) !== 'fresh') return undefined
    const handled: HandledAs = { kind: 'hit', ttlMs: stored.lifetimeMs - ageMs, isCollapsed: false }
    const answer = answerNow(stored, portion, { store: this.#store, name: this.#settings.name, now, handled })
    if (answer !== undefined && this.#events.hears('answered')) {
      this.#events.announce('answered', { method, outcome: 'hit', status: answer.status })
    }
    return answer
  }

  /** Removes what is kept of one URL, all its variants. */
  async purgeUrl(url: string): Promise<void> {
    await this.#store.forget(url)
    this.#events.announce('purged', { by: 'url' })
  }

  /** Removes all URLs that begin with this. Looks at every key; tags are cheaper. */
  async purgePrefix(prefix: string): Promise<void> {
    await this.#store.forgetPrefix(prefix)
    this.#events.announce('purged', { by: 'prefix' })
  }

  /** Removes whatever came with one of these in `Surrogate-Key` or `Cache-Tag`. */
  async purgeTags(tags: readonly string[]): Promise<void> {
    await this.#store.forgetTags(tags)
    this.#events.announce('purged', { by: 'tags' })
  }

  async clear(): Promise<void> {
    await this.#store.clear()
    this.#events.announce('purged', { by: 'all' })
  }

  /** Calls a listener for every later event, until the returned function is called. */
  on<Name extends keyof HttpCacheEvents>(name: Name, listener: (event: HttpCacheEvents[Name]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /** Closes the cache's own memory. A cache that was given is closed by whoever made it. */
  async close(): Promise<void> {
    await this.#close()
  }

  async #fromStore(
    request: HttpRequest,
    forward: Forward,
    directives: Directives,
    mayWait: boolean,
  ): Promise<HttpAnswer> {
    const stored = await this.#store.find(request)
    const portion = stored && portionFor(request, stored)
    if (stored === undefined || portion === undefined) {
      return this.#miss({ request, forward, directives, mayWait, ...(stored === undefined ? {} : { partial: stored }) })
    }
    const now = this.#settings.clock.now()
    const ageMs = currentAgeMs(stored.initialAgeMs, stored.respondedAt, now)
    const reuse = decideReuse(stored, ageMs, directives)
    if (reuse !== 'validate') {
      const handled: HandledAs = { kind: 'hit', ttlMs: stored.lifetimeMs - ageMs, isCollapsed: !mayWait }
      const { name } = this.#settings
      const answer = await answerFrom(stored, portion, { store: this.#store, name, now, handled })
      if (answer === undefined) return this.#miss({ request, forward, directives, mayWait })
      if (reuse === 'refresh') this.#refresh(request, forward, stored)
      if (this.#events.hears('answered')) {
        const outcome = !mayWait ? 'shared' : reuse === 'fresh' ? 'hit' : 'stale'
        this.#events.announce('answered', { method: request.method, outcome, status: answer.status })
      }
      return answer
    }
    if (directives.has('only-if-cached')) return notCached(this.#settings.name)
    // What is left of it after an eviction cannot be validated.
    const isThere = await this.#isThere(stored)
    const isRequested = ageMs < stored.lifetimeMs && !stored.noCache
    return this.#shared({
      request,
      forward,
      directives,
      mayWait,
      reason: isRequested ? 'request' : 'stale',
      ...(isThere ? { stored } : {}),
    })
  }

  async #miss(miss: Omit<Asking, 'reason'>): Promise<HttpAnswer> {
    if (miss.directives.has('only-if-cached')) return notCached(this.#settings.name)
    return this.#shared({ ...miss, reason: miss.partial === undefined ? 'uri-miss' : 'partial' })
  }

  /** Asks the origin, or waits for the answer that another one is waiting for already. */
  async #shared(asking: Asking): Promise<HttpAnswer> {
    const { request, mayWait = false, stored } = asking
    if (!isShareable(request, stored)) return this.#ask(asking)
    const underway = mayWait ? this.#flights.under(request.url) : undefined
    return underway === undefined ? this.#ask(asking, this.#flights.begin(request.url)) : this.#join(underway, asking)
  }

  /** Reads along with the answer that another one is getting, or waits until it is kept. */
  async #join(flight: Flight, asking: Asking): Promise<HttpAnswer> {
    const { request, forward, directives } = asking
    // Nobody waits longer than this for what may never be read to its end.
    const patience = new AbortController()
    const tired = this.#settings.clock.sleep(longestWaitMs, patience.signal).then(() => undefined)
    try {
      const live = await Promise.race([flight.live, tired])
      if (live !== undefined && !isConditional(request)) {
        const terms = { name: this.#settings.name, now: this.#settings.clock.now() }
        const answer = answerLive(live, request, directives, terms)
        if (answer === undefined) return await this.#ask(asking)
        const { status } = answer
        this.#events.announce('answered', { method: request.method, outcome: 'shared', status })
        return answer
      }
      await Promise.race([flight.ended, tired])
    } finally {
      patience.abort()
    }
    return this.#fromStore(request, forward, directives, false)
  }

  #refresh(request: HttpRequest, forward: Forward, stored: StoredResponse): void {
    const pilot = this.#flights.begin(request.url, true)
    if (pilot === undefined) return
    const work = async () => {
      const get = { ...request, method: 'GET' }
      const asking = { request: get, forward, directives: noDirectives, reason: 'stale', stored } as const
      const { body } = await this.#ask({ ...asking, isBackground: true }, pilot)
      await drain(body)
    }
    work().catch((error: unknown) => this.#events.announce('refresh_failed', { url: request.url, error }))
  }

  async #ask(asking: Asking, pilot?: Pilot): Promise<HttpAnswer> {
    const { request, isBackground = false } = asking
    const answer = await this.#origin.ask({
      request,
      forward: asking.forward,
      directives: asking.directives,
      reason: asking.reason,
      stored: asking.stored,
      partial: asking.partial,
      isBackground,
      onLive: answer => pilot?.onLive(answer),
      onSettled: outcome => pilot?.onSettled(outcome),
    })
    if (!isBackground && this.#events.hears('answered')) {
      this.#events.announce('answered', { method: request.method, outcome: 'forwarded', status: answer.status })
    }
    return answer
  }

  async #isThere(stored: StoredResponse): Promise<boolean> {
    if (!isComplete(stored)) return true
    const [part] = stored.parts
    return part === undefined || (await this.#store.readBody(part)) !== undefined
  }
}

/** Makes a shared HTTP cache. See `HttpCache`. */
export function httpCache(options: HttpCacheOptions = {}): HttpCache {
  return new HttpCache(options)
}

/** The cache that was given, which its maker closes, or one of its own. */
function openCache({ cache, clock }: HttpCacheSettings): { cache: ResponseCache; close: () => Promise<void> } {
  if (cache !== undefined) return { cache, close: () => Promise.resolve() }
  const own = createCache({ name: 'http', clock })
  return { cache: own, close: () => own.close() }
}

interface Asking {
  readonly request: HttpRequest
  readonly forward: Forward
  readonly directives: Directives
  readonly reason: ForwardReason
  readonly mayWait?: boolean
  readonly stored?: StoredResponse
  readonly partial?: StoredResponse
  readonly isBackground?: boolean
}

/** Whether the answer to a request can be one for others who ask for the same. */
function isShareable({ method, fields }: HttpRequest, stored: StoredResponse | undefined): boolean {
  if (method !== 'GET' || fields['range'] !== undefined || fields['authorization'] !== undefined) return false
  // Without a stored response, the client's conditions go to the origin.
  return stored !== undefined || !isConditional({ fields })
}

function isConditional({ fields }: Pick<HttpRequest, 'fields'>): boolean {
  return conditionalFields.some(name => fields[name] !== undefined)
}

/** These ask about the state at the origin, which no cache can answer for (RFC 9111 4.3.2). */
function isBypassed(fields: HeaderFields): boolean {
  return fields['if-match'] !== undefined || fields['if-unmodified-since'] !== undefined
}

/** RFC 9111 5.2.1, and `Pragma: no-cache` of old clients (5.4). */
function requestDirectives(fields: HeaderFields): Directives {
  if (fields['cache-control'] !== undefined) return parseCacheControl(fieldOf(fields, 'cache-control'))
  return fields['pragma'] === undefined ? noDirectives : parseCacheControl(fieldOf(fields, 'pragma'))
}

/** RFC 9111 5.2.1.7: only what is kept was wanted, and there is nothing. */
function notCached(name: string): HttpAnswer {
  const headers = ['Content-Length', '0', 'Cache-Status', `${name}; detail=only-if-cached`]
  return { status: 504, reason: 'Gateway Timeout', headers, body: new Uint8Array(0) }
}
