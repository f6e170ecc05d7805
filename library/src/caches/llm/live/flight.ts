import { RepriseError } from '../../../base/reprise-error.ts'
import type { LoadContext } from '../../../core/load/loader.ts'
import type { AnswerFence, KeptAnswer } from '../../../ports/answer-store.ts'
import type { Admission, Forward } from '../asking/llm-call.ts'
import type { DurableTier } from '../kept/durable-tier.ts'
import { entryOf, isKeptEntry, type KeptEntry } from '../kept/kept-entry.ts'
import type { Place } from '../kept/places.ts'
import type { LiveOpening, UpstreamCall, UpstreamResult } from './upstream-call.ts'

/** What callers can be given. */
export type Opening = LiveOpening | KeptOpening

export interface KeptOpening {
  readonly kind: 'kept'
  readonly entry: KeptEntry
  /** `cache`: memory or Redis. */
  readonly from: 'memory' | 'cache' | 'durable'
}

/** How a flight went, once all is done. */
export interface FlightEnd {
  readonly admission: Admission
  /** Undefined where the upstream was not asked, or failed. */
  readonly result: UpstreamResult | undefined
}

export interface FlightOptions {
  readonly place: Place
  /** What the answer can be invalidated by, in the engine. */
  readonly marks: readonly string[]
  readonly ttlMs: number
  readonly upstreamTimeoutMs: number
  readonly forward: Forward
  readonly upstream: UpstreamCall
  readonly durable: DurableTier | undefined
  /** Whether the durable tier may answer. */
  readonly readsDurable: boolean
  /** What happens when everybody left. */
  readonly deserted: 'cancel' | 'finish'
  /** What is kept of an answer that came. */
  readonly answerFrom: (result: UpstreamResult) => KeptAnswer
  readonly now: () => number
}

/** Beyond the upstream's own time: for looking into the tiers, and keeping. */
const aroundUpstreamMs = 30_000

/**
 * One making of an answer, shared by all who ask the same meanwhile. It is a load of the engine: what the engine fences is
 * not kept, and whoever comes after an invalidation begins a flight of its own.
 */
export class Flight {
  /** How callers can be answered. Rejects when the upstream fails before. */
  readonly opening: Promise<Opening>
  /** Resolves when the answer was found, or is to be made: from then on a caller may have to wait for long. */
  readonly begun: Promise<void>
  /** Never rejects. */
  readonly end: Promise<FlightEnd>
  readonly #options: FlightOptions
  readonly #leaving = new AbortController()
  readonly #opened = Promise.withResolvers<Opening>()
  readonly #beginning = Promise.withResolvers<void>()
  #callers = 0
  #isOver = false
  #durableEntry: KeptEntry | undefined
  #isOpen = false
  #hasFailed = false
  #result: UpstreamResult | undefined
  #keeping: Promise<unknown> | undefined
  /** What the engine keeps, or kept before. */
  entry: KeptEntry | undefined
  /** What became of the entry in the engine. */
  stored: 'kept' | 'fenced' | 'unavailable' | undefined

  constructor(options: FlightOptions) {
    this.#options = options
    this.begun = this.#beginning.promise
    this.opening = this.#opened.promise
    this.opening.catch(() => undefined)
    this.end = this.#run()
  }

  get upstream(): UpstreamCall {
    return this.#options.upstream
  }

  /** Whether a caller who comes now can share it, as far as invalidations allow, which the engine tells. */
  get canBeJoined(): boolean {
    return !this.#isOver && this.#options.upstream.canBeJoined && !this.#leaving.signal.aborted
  }

  join(): void {
    this.#callers += 1
  }

  /** A caller has its answer, or has gone. */
  leave(): void {
    const { deserted, upstream } = this.#options
    this.#callers -= 1
    if (this.#callers > 0 || this.#isOver || deserted === 'finish' || upstream.hasSaidAll()) return
    this.#leaving.abort(new RepriseError('upstream_broken', 'Everybody who waited for the answer has left.'))
  }

  async #run(): Promise<FlightEnd> {
    const { place, marks, ttlMs, upstreamTimeoutMs, upstream } = this.#options
    try {
      const value = await place.space.getOrSet(place.name, context => this.#load(context), {
        // With a signal the engine begins its load at once, so that it can say whether it is overtaken.
        signal: this.#leaving.signal,
        ttl: ttlMs,
        tags: marks,
        loaderTimeout: upstreamTimeoutMs,
        deadline: upstreamTimeoutMs + aroundUpstreamMs,
      })
      this.entry = isKeptEntry(value) ? value : undefined
      if (this.#result === undefined) this.#openKept()
    } catch (error) {
      this.#hasFailed = true
      upstream.fail(error)
      this.#opened.reject(error)
    }
    this.#isOver = true
    this.#beginning.resolve()
    await this.#keeping
    return { admission: this.#admission(), result: this.#result }
  }

  async #load(context: LoadContext): Promise<KeptEntry | undefined> {
    const { durable, forward, place, upstream, now, readsDurable } = this.#options
    this.#beginning.resolve()
    const reading = await durable?.find(place.key)
    if (readsDurable && reading?.answer !== undefined) {
      context.setTtl(Math.max(1, reading.answer.expiresAt - now()))
      this.#durableEntry = entryOf(reading.answer)
      return this.#durableEntry
    }
    const result = await upstream.run(forward, context.signal, opening => {
      this.#isOpen = true
      this.#opened.resolve(opening)
    })
    this.#result = result
    if (result.examined.admission !== 'kept') {
      context.skipStore()
      return undefined
    }
    const kept = this.#options.answerFrom(result)
    this.#keepDurably(kept, reading?.fence)
    return entryOf(kept)
  }

  #keepDurably(answer: KeptAnswer, fence: AnswerFence | undefined): void {
    const { durable, place } = this.#options
    // Invalidated already: the durable tier's own fence would refuse it too.
    if (durable === undefined || fence === undefined || !place.space.isLoading(place.name)) return
    this.#keeping = durable.keep(answer, fence)
  }

  #openKept(): void {
    if (this.entry !== undefined) {
      const from = this.#durableEntry === undefined ? 'cache' : 'durable'
      this.#opened.resolve({ kind: 'kept', entry: this.entry, from })
    } else this.#opened.reject(new RepriseError('internal_error', 'What is kept under the key is no answer.'))
  }

  #admission(): Admission {
    if (this.#result !== undefined) {
      const { admission } = this.#result.examined
      // Told to a newer flight of the same key: there is one only where an invalidation overtook this one.
      return admission === 'kept' ? (this.stored ?? 'fenced') : admission
    }
    if (!this.#hasFailed) return 'hit'
    if (this.#leaving.signal.aborted) return 'cancelled'
    return this.#isOpen ? 'broken' : 'failed'
  }
}
