import type { Announcer } from '../../../base/announcer.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { DurableTier } from '../kept/durable-tier.ts'
import type { KeptEntry } from '../kept/kept-entry.ts'
import { Renderings } from '../kept/renderings.ts'
import type { Flight, FlightEnd, KeptOpening } from '../live/flight.ts'
import type { LiveOpening, UpstreamCall } from '../live/upstream-call.ts'
import type { LlmEvents } from '../llm-events.ts'
import type { LlmSettings } from '../llm-options.ts'
import { dialects } from '../wire/dialects.ts'
import { isObject, parseExactly } from '../wire/json.ts'
import { answerHeaders } from './answer-headers.ts'
import type { Asked, Passing } from './asked.ts'
import { leavable } from './leavable.ts'
import type { AnswerReason, AnswerState, AnswerStream, LlmAnswer, LlmOutcome } from './llm-call.ts'
import { Outcomes } from './outcomes.ts'

/** How a caller came to its answer. */
export interface Way {
  readonly state: AnswerState
  readonly reason: AnswerReason
  /** Whether it began the call, and so gets what came as it came. */
  readonly isLeader: boolean
}

/** What is being made: how it can be answered, the call that makes it, and how it went. */
export interface Making {
  readonly opening: Promise<LiveOpening>
  readonly upstream: UpstreamCall
  readonly end: Promise<FlightEnd>
}

const jsonType = 'application/json'
const streamType = 'text/event-stream; charset=utf-8'

/** Hands answers over in the form that each caller asked for, and says of each call how it went. */
export class Deliveries {
  readonly outcomes: Outcomes
  readonly #clock: LlmSettings['clock']
  readonly #renderings: Renderings
  readonly #durable: DurableTier | undefined
  readonly #hasRedis: boolean
  /** Entries that memory served: whatever else the engine answers came from Redis just now. */
  readonly #near = new WeakSet<KeptEntry>()

  constructor({ cache, clock, priceOf }: LlmSettings, durable: DurableTier | undefined, events: Announcer<LlmEvents>) {
    this.#durable = durable
    this.outcomes = new Outcomes(priceOf, events)
    this.#clock = clock
    this.#renderings = new Renderings(clock)
    this.#hasRedis = cache.stats().redis !== 'none'
  }

  /** An answer that was kept. */
  kept(asked: Asked, { entry, from }: KeptOpening): LlmAnswer {
    const { call, prompt, place } = asked
    const { route, controls } = call
    const reason = from === 'cache' ? this.#tierOf(entry) : from
    const ageMs = Math.max(0, this.#clock.now() - entry.createdAt)
    const isPaced = prompt.wantsStream && controls.replay === 'paced'
    const body = isPaced
      ? this.#renderings.paced(entry, route, prompt.wantsUsage)
      : prompt.wantsStream
        ? this.#renderings.stream(entry, route, prompt.wantsUsage)
        : this.#renderings.json(entry)
    this.#durable?.countHit(place.key)
    const outcome = this.outcomes.tell(asked, {
      state: 'hit',
      reason,
      admission: 'hit',
      status: 200,
      usage: entry.usage ?? undefined,
      costUsd: entry.costUsd ?? undefined,
      generationMs: entry.generationMs,
      ageMs,
      headMs: this.#headMs(asked),
    })
    const headers = answerHeaders(outcome, prompt.wantsStream ? streamType : jsonType)
    return { state: 'hit', reason, ageMs, key: place.key, status: 200, headers, body, done: Promise.resolve(outcome) }
  }

  /**
   * An answer that is being made, or was found by the flight.
   * @returns undefined where a joined answer turned out to be too long to be handed over in another form
   */
  async fromFlight(asked: Asked, flight: Flight, way: Way): Promise<LlmAnswer | undefined> {
    flight.join()
    const leave = once(() => flight.leave())
    // What lies near is there before a caller could leave: his signal, which may have to be made, is not asked for.
    if (way.isLeader) await flight.begun
    const signal = flight.entry === undefined ? asked.call.signal : undefined
    try {
      const opening = await leavable(flight.opening, signal, leave)
      if (way.isLeader) void flight.end.then(() => this.#noteNear(flight.entry))
      if (opening.kind === 'live') return await this.#live(asked, opening, flight, way, leave)
      leave()
      return this.kept(asked, opening)
    } catch (error) {
      leave()
      this.#tell(asked, way, { admission: signal?.aborted ? 'cancelled' : 'failed', result: undefined })
      throw error
    }
  }

  /** An answer that is passed on to one caller alone. */
  async passing(asked: Asked | Passing, making: Making, way: Way, leave: () => void): Promise<LlmAnswer> {
    try {
      const opening = await leavable(making.opening, asked.call.signal, leave)
      // The one who began the call gets what came, as it came: there is always an answer.
      return this.#asItCame(asked, opening, making, way, leave)
    } catch (error) {
      this.#tell(asked, way, { admission: asked.call.signal?.aborted ? 'cancelled' : 'failed', result: undefined })
      throw error
    }
  }

  /** The answer of 504 to a caller who wants a kept answer only. */
  missing(asked: Asked): LlmAnswer {
    const message = 'Nothing is kept for this request, and x-reprise-cache: only does not ask the upstream.'
    const body = Buffer.from(JSON.stringify(dialects[asked.call.route].errorBody(message, 'not_cached')))
    const outcome = this.outcomes.tell(asked, {
      state: 'miss',
      reason: 'only',
      admission: 'no_store',
      status: 504,
      usage: undefined,
      generationMs: undefined,
      headMs: this.#headMs(asked),
    })
    const how = { state: 'miss', reason: 'only', ageMs: undefined, key: asked.place.key } as const
    // Clients of OpenAI and Anthropic would try again otherwise.
    const headers = { ...answerHeaders(how, jsonType), 'x-should-retry': 'false' }
    return { ...how, status: 504, headers, body, done: Promise.resolve(outcome) }
  }

  async #live(
    asked: Asked,
    opening: LiveOpening,
    flight: Flight,
    way: Way,
    leave: () => void,
  ): Promise<LlmAnswer | undefined> {
    const { route, signal } = asked.call
    const { wantsStream, wantsUsage } = asked.prompt
    const isOk = opening.status >= 200 && opening.status <= 299
    if (way.isLeader || !isOk || (opening.isStream && wantsStream)) {
      return this.#asItCame(asked, opening, flight, way, leave)
    }
    const examined = opening.whole?.examined ?? (await leavable(flight.upstream.done, signal, leave)).examined
    leave()
    if (examined.body === undefined) {
      if (examined.admission === 'too_large') return undefined
      if (opening.whole !== undefined) return this.#asItCame(asked, opening, flight, way, leave)
      throw new RepriseError('upstream_broken', 'The stream of the upstream ended before its end.')
    }
    const parsed = wantsStream ? parseExactly(examined.body) : undefined
    const text = isObject(parsed) ? dialects[route].unfold(parsed, wantsUsage) : examined.body
    const head = { ...opening, headers: { 'content-type': wantsStream ? streamType : jsonType } }
    return this.#answer(asked, head, Buffer.from(text), flight, way)
  }

  #asItCame(
    asked: Asked | Passing,
    opening: LiveOpening,
    making: Pick<Making, 'upstream' | 'end'>,
    way: Way,
    leave: () => void,
  ): LlmAnswer {
    if (opening.whole !== undefined) {
      leave()
      const { admission } = opening.whole.examined
      const reason = way.state === 'miss' && admission !== 'kept' ? admission : way.reason
      return this.#answer(asked, opening, opening.whole.bytes, making, { ...way, reason })
    }
    const { signal } = asked.call
    const stream = making.upstream.read(asked.prompt?.wantsUsage ?? true, leave)
    signal?.addEventListener('abort', () => stream.leave(), { once: true })
    return this.#answer(asked, opening, stream, making, way)
  }

  #answer(
    asked: Asked | Passing,
    { status, headers }: Pick<LiveOpening, 'status' | 'headers'>,
    body: Uint8Array | AnswerStream,
    making: Pick<Making, 'end'>,
    way: Way,
  ): LlmAnswer {
    const headMs = this.#headMs(asked)
    const how = { state: way.state, reason: way.reason, ageMs: undefined, key: asked.place?.key }
    const done = making.end.then(end => this.#tell(asked, way, end, headMs))
    return { ...how, status, headers: { ...headers, ...answerHeaders(how) }, body, done }
  }

  #tell(asked: Asked | Passing, way: Way, end: FlightEnd, headMs = this.#headMs(asked)): LlmOutcome {
    const { result } = end
    return this.outcomes.tell(asked, {
      state: way.state,
      reason: way.reason,
      admission: way.state === 'coalesced' ? 'coalesced' : end.admission,
      status: result?.status ?? 0,
      usage: result?.examined.usage,
      generationMs: result?.generationMs,
      headMs,
    })
  }

  #headMs({ startedAt }: Asked | Passing): number {
    return this.#clock.monotonicMs() - startedAt
  }

  #tierOf(entry: KeptEntry): 'memory' | 'redis' {
    if (!this.#hasRedis || this.#near.has(entry)) return 'memory'
    this.#near.add(entry)
    return 'redis'
  }

  #noteNear(entry: KeptEntry | undefined): void {
    if (entry !== undefined) this.#near.add(entry)
  }
}

function once(act: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}
