import type { Announcer } from '../../../base/announcer.ts'
import type { Clock } from '../../../base/clock.ts'
import type { AnswerFence, AnswerKey, AnswerSelector, AnswerStore, KeptAnswer } from '../../../ports/answer-store.ts'
import type { LlmEvents } from '../llm-events.ts'

/** Hits are counted together: after so long, or so many answers. */
const countAfterMs = 1_000
const mostCounted = 10_000

/** What was learnt of the durable tier before an answer is made. */
export interface DurableReading {
  readonly answer: KeptAnswer | undefined
  /** Undefined where nothing must be kept: the tier could not be asked. */
  readonly fence: AnswerFence | undefined
}

const nothing: DurableReading = { answer: undefined, fence: undefined }

/** The durable tier, whose failures cost a caller nothing but the tier. */
export class DurableTier {
  readonly #store: AnswerStore
  readonly #events: Announcer<LlmEvents>
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #hits = new Map<AnswerKey, number>()
  #counting: Promise<void> | undefined

  constructor(store: AnswerStore, events: Announcer<LlmEvents>, clock: Clock) {
    this.#store = store
    this.#events = events
    this.#clock = clock
  }

  async find(key: AnswerKey): Promise<DurableReading> {
    try {
      const now = this.#clock.now()
      const reading = await this.#store.find(key, now)
      return reading.answer !== undefined && reading.answer.expiresAt <= now
        ? { ...reading, answer: undefined }
        : reading
    } catch (error) {
      this.#events.announce('durable_failed', { operation: 'find', error })
      return nothing
    }
  }

  async keep(answer: KeptAnswer, fence: AnswerFence): Promise<'kept' | 'fenced' | 'failed'> {
    try {
      return await this.#store.keep(answer, fence)
    } catch (error) {
      this.#events.announce('durable_failed', { operation: 'keep', error })
      return 'failed'
    }
  }

  /** @throws what the store throws: whoever invalidates must know */
  forget(selector: AnswerSelector): Promise<number> {
    return this.#store.forget(selector)
  }

  countHit(key: AnswerKey): void {
    this.#hits.set(key, (this.#hits.get(key) ?? 0) + 1)
    if (this.#hits.size >= mostCounted) void this.#count()
    else this.#counting ??= this.#clock.sleep(countAfterMs, this.#closing.signal).then(() => this.#count())
  }

  /** Counts the last hits. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#counting
    await this.#count()
  }

  async #count(): Promise<void> {
    const hits = this.#hits
    this.#hits = new Map()
    this.#counting = undefined
    if (hits.size === 0) return
    try {
      await this.#store.countHits(hits)
    } catch (error) {
      this.#events.announce('durable_failed', { operation: 'countHits', error })
    }
  }
}
