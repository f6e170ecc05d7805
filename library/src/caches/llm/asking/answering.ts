import type { Announcer } from '../../../base/announcer.ts'
import type { CacheKey } from '../../../base/key.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import { TransientMap } from '../../../base/transient-map.ts'
import { MemoryCache } from '../../../eviction/memory-cache.ts'
import type { KeptAnswer } from '../../../ports/answer-store.ts'
import { hourMark, modelMark, namespaceMark, tagMark } from '../kept/answer-tags.ts'
import type { DurableTier } from '../kept/durable-tier.ts'
import { entryOf, isKeptEntry } from '../kept/kept-entry.ts'
import type { Places } from '../kept/places.ts'
import { Flight, type KeptOpening } from '../live/flight.ts'
import { type LiveOpening, UpstreamCall, type UpstreamResult } from '../live/upstream-call.ts'
import type { LlmEvents } from '../llm-events.ts'
import type { LlmSettings } from '../llm-options.ts'
import { KnownPrompts } from '../prompt/known-prompts.ts'
import { askingForUsage, readableRequest } from '../prompt/prompt.ts'
import { type Asked, bypassReason, type Passing } from './asked.ts'
import { Deliveries } from './deliveries.ts'
import type { AnswerReason, Forward, LlmAnswer, LlmCall } from './llm-call.ts'

/** So many keys are remembered as served; the others are looked for as new ones are. */
const mostServed = 20_000

/** Decides how a call is answered: from what is kept, from a flight that is under way, or by the upstream. */
export class Answering {
  readonly #settings: LlmSettings
  readonly #durable: DurableTier | undefined
  readonly #places: Places
  readonly #prompts = new KnownPrompts()
  readonly #deliveries: Deliveries
  /** By key, the flight that began last. */
  readonly #flights = new TransientMap<CacheKey, Flight>()
  /** Keys whose answers were served from the cache. */
  readonly #hasServed = new MemoryCache<CacheKey, true>({ maxEntries: mostServed })
  /** Upstreams that refuse to be asked for token counts. */
  readonly #usageRefusers = new MemoryCache<string, true>({ maxEntries: 1_000, ttl: '1d' })
  readonly #stopListening: () => void

  constructor(settings: LlmSettings, places: Places, durable: DurableTier | undefined, events: Announcer<LlmEvents>) {
    this.#settings = settings
    this.#places = places
    this.#durable = durable
    this.#deliveries = new Deliveries(settings, durable, events)
    this.#stopListening = settings.cache.on('set', ({ key, kept }) => {
      const flight = this.#flights.get(key)
      if (flight === undefined) return
      const outcomes = new Set(kept.map(({ outcome }) => outcome))
      flight.stored = outcomes.has('fenced') ? 'fenced' : outcomes.has('stored') ? 'kept' : 'unavailable'
    })
  }

  async answer(call: LlmCall, forward: Forward): Promise<LlmAnswer> {
    const { clock, sampled } = this.#settings
    const startedAt = clock.monotonicMs()
    const prompt = this.#prompts.read(call.body, call.headers ?? {})
    const reason = bypassReason(call, prompt, sampled)
    if (reason !== undefined || prompt === undefined) {
      return this.#passBy({ call, prompt, place: undefined, startedAt }, forward, 'bypass', reason ?? 'unreadable')
    }
    const { tenant, route, upstream, controls } = call
    const place = this.#places.place({
      tenant,
      namespace: controls.namespace,
      route,
      upstream,
      promptHash: prompt.hash,
    })
    const asked: Asked = { call, prompt, place, startedAt }
    switch (controls.mode) {
      case 'only':
        return this.#onlyKept(asked)
      case 'no-store':
        return this.#readWithoutKeeping(asked, forward)
      case 'refresh':
        // Whoever comes now shares the new answer; the durable tier keeps the old one until there is a new one.
        await place.space.delete(place.name)
        return this.#lead(asked, forward, 'refresh')
      default:
        return this.#near(asked) ?? (await this.#served(asked)) ?? this.#joinOrLead(asked, forward)
    }
  }

  /** Most answers that are known lie in memory: they need neither a promise nor a flight. */
  #near(asked: Asked): LlmAnswer | undefined {
    const { space, name } = asked.place
    const entry = space.getNow(name)
    return isKeptEntry(entry) ? this.#deliveries.kept(asked, { kind: 'kept', entry, from: 'memory' }) : undefined
  }

  /**
   * An answer that was served before and is not being made anew, without the flight that a new one would need: what is
   * asked for most is answered with least. Undefined where it is kept no more.
   */
  async #served(asked: Asked): Promise<LlmAnswer | undefined> {
    const { place } = asked
    const isInFlight = this.#flights.get(place.cacheKey) !== undefined
    if (isInFlight || !this.#hasServed.has(place.cacheKey)) return undefined
    const entry = await place.space.get(place.name)
    if (isKeptEntry(entry)) return this.#deliveries.kept(asked, { kind: 'kept', entry, from: 'cache' })
    this.#hasServed.delete(place.cacheKey)
    return undefined
  }

  close(): void {
    this.#stopListening()
  }

  #joinOrLead(asked: Asked, forward: Forward): Promise<LlmAnswer> {
    const flight = this.#flightOf(asked)
    if (flight === undefined) return this.#lead(asked, forward, 'absent')
    if (flight.canBeJoined) return this.#share(asked, forward, flight)
    return this.#passBy(asked, forward, 'miss', 'too_large')
  }

  /** The flight that makes the same answer; undefined where none does, or an invalidation has overtaken it. */
  #flightOf({ place }: Asked): Flight | undefined {
    const flight = this.#flights.get(place.cacheKey)
    return flight !== undefined && place.space.isLoading(place.name) ? flight : undefined
  }

  async #lead(asked: Asked, forward: Forward, reason: 'absent' | 'refresh'): Promise<LlmAnswer> {
    const { cacheKey } = asked.place
    const upstream = this.#upstreamCall(asked)
    const flight = new Flight({
      place: asked.place,
      marks: marksOf(asked, this.#settings.clock.now()),
      ttlMs: this.#ttlOf(asked.call),
      upstreamTimeoutMs: this.#settings.upstreamTimeoutMs,
      forward,
      upstream,
      durable: this.#durable,
      readsDurable: reason !== 'refresh',
      deserted: this.#settings.deserted,
      answerFrom: result => this.#keptFrom(asked, result),
      now: () => this.#settings.clock.now(),
    })
    this.#flights.set(cacheKey, flight)
    void flight.end.then(() => {
      if (this.#flights.get(cacheKey) === flight) this.#flights.delete(cacheKey)
    })
    const answer = await this.#deliveries.fromFlight(asked, flight, { state: 'miss', reason, isLeader: true })
    if (answer?.state === 'hit') this.#hasServed.set(cacheKey, true)
    return answer ?? this.#passBy(asked, forward, 'miss', 'too_large')
  }

  async #share(asked: Asked, forward: Forward, flight: Flight): Promise<LlmAnswer> {
    const answer = await this.#deliveries.fromFlight(asked, flight, {
      state: 'coalesced',
      reason: 'in_flight',
      isLeader: false,
    })
    return answer ?? this.#passBy(asked, forward, 'miss', 'too_large')
  }

  async #onlyKept(asked: Asked): Promise<LlmAnswer> {
    const found = await this.#find(asked)
    return found === undefined ? this.#deliveries.missing(asked) : this.#deliveries.kept(asked, found)
  }

  async #readWithoutKeeping(asked: Asked, forward: Forward): Promise<LlmAnswer> {
    const flight = this.#flightOf(asked)
    if (flight?.canBeJoined) return this.#share(asked, forward, flight)
    const found = await this.#find(asked)
    return found === undefined ? this.#passBy(asked, forward, 'miss', 'no_store') : this.#deliveries.kept(asked, found)
  }

  /** What is kept, read without beginning anything. */
  async #find({ place }: Asked): Promise<KeptOpening | undefined> {
    const entry = await place.space.get(place.name)
    if (isKeptEntry(entry)) return { kind: 'kept', entry, from: 'cache' }
    const reading = await this.#durable?.find(place.key)
    return reading?.answer && { kind: 'kept', entry: entryOf(reading.answer), from: 'durable' }
  }

  /** Passes a call on for its caller alone; nothing is kept. */
  #passBy(
    asked: Asked | Passing,
    forward: Forward,
    state: 'bypass' | 'miss',
    reason: AnswerReason,
  ): Promise<LlmAnswer> {
    const upstream = this.#upstreamCall(asked)
    const leaving = new AbortController()
    const opened = Promise.withResolvers<LiveOpening>()
    const running = upstream.run(forward, leaving.signal, opened.resolve)
    running.catch(error => {
      upstream.fail(error)
      opened.reject(error)
    })
    const admission = state === 'bypass' ? 'bypass' : reason === 'too_large' ? 'too_large' : 'no_store'
    const end = running.then(
      result => ({ admission, result }) as const,
      () => ({ admission: leaving.signal.aborted ? 'cancelled' : 'broken', result: undefined }) as const,
    )
    const leave = () => {
      if (!upstream.hasSaidAll()) leaving.abort(new RepriseError('upstream_broken', 'The caller has left.'))
    }
    const way = { state, reason, isLeader: true }
    return this.#deliveries.passing(asked, { opening: opened.promise, upstream, end }, way, leave)
  }

  #upstreamCall({ call, prompt }: Asked | Passing): UpstreamCall {
    const { askForUsage, maxAnswerBytes, clock } = this.#settings
    const isChatStream = call.route === 'chat/completions' && prompt?.wantsStream === true
    const mayAsk = askForUsage && call.controls.mode !== 'bypass' && !this.#usageRefusers.has(call.upstream)
    const asksForUsage = isChatStream && mayAsk && !prompt.wantsUsage
    return new UpstreamCall({
      route: call.route,
      body: call.body,
      askingBody: asksForUsage ? askingForUsage(call.body) : undefined,
      onUsageRefused: () => this.#usageRefusers.set(call.upstream, true),
      carriesUsage: isChatStream && (asksForUsage || prompt.wantsUsage),
      maxBytes: maxAnswerBytes,
      clock,
    })
  }

  #ttlOf({ controls }: LlmCall): number {
    return Math.min(controls.ttlMs ?? this.#settings.ttlMs, this.#settings.longestTtlMs)
  }

  #keptFrom({ call, prompt, place }: Asked, { examined, generationMs }: UpstreamResult): KeptAnswer {
    const { tenant, upstream, route, controls } = call
    const { usage } = examined
    const createdAt = this.#settings.clock.now()
    return {
      key: place.key,
      tenant,
      namespace: controls.namespace,
      upstream,
      route,
      model: prompt.model,
      promptHash: prompt.hash,
      request: this.#durable === undefined ? '' : readableRequest(call.body),
      response: examined.body ?? '',
      recording: examined.recording,
      promptTokens: usage?.promptTokens,
      completionTokens: usage?.completionTokens,
      costUsd: usage === undefined ? undefined : this.#deliveries.outcomes.priceOf(prompt.model, usage),
      generationMs,
      createdAt,
      expiresAt: createdAt + this.#ttlOf(call),
      tags: controls.tags,
    }
  }
}

/** What an answer can be invalidated by, beside its key, in the engine. */
function marksOf({ call, prompt }: Asked, now: number): readonly string[] {
  const { namespace, tags } = call.controls
  return [
    hourMark(now),
    ...(prompt.model === '' ? [] : [modelMark(prompt.model)]),
    ...(namespace === undefined ? [] : [namespaceMark(namespace)]),
    ...tags.map(tagMark),
  ]
}
