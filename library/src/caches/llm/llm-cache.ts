import type { Clock } from '../../base/clock.ts'
import type { Duration } from '../../base/duration.ts'
import type { Cache } from '../../core/cache.ts'
import type { AnswerKey, AnswerSelector, AnswerStore } from '../../ports/answer-store.ts'
import type { Forward, LlmAnswer, LlmCall, LlmOutcome, TokenUsage } from './asking/llm-call.ts'

export interface LlmCacheOptions {
  /** Where answers are kept: a cache, or a namespace of one. Its memory and Redis bounds hold. */
  readonly cache: Cache
  /** The durable tier below. Default: none. */
  readonly answers?: AnswerStore | undefined
  /** How long an answer serves. Default 2 hours. */
  readonly ttl?: Duration
  /** What a call may ask for at most by `x-reprise-ttl`. Default 30 days. */
  readonly longestTtl?: Duration
  /** Whether answers drawn at random are kept; `false` keeps those of temperature 0 alone. Default true. */
  readonly sampled?: boolean
  /** The price of an answer in US dollars; undefined when it is not known. Default: none is known. */
  readonly priceOf?: (model: string, usage: TokenUsage) => number | undefined
  /** Whether chat streams are asked to count their tokens also where the caller did not; the count is taken out again. Default true. */
  readonly askForUsage?: boolean
  /** How long an upstream may take for a whole answer. Default 10 minutes. */
  readonly upstreamTimeout?: Duration
  /** Longer answers are passed on, not kept. Default 8 MB. */
  readonly maxAnswerBytes?: number
  /** What happens to a call that everybody left: it is cancelled, or finished and kept. Default `cancel`. */
  readonly deserted?: 'cancel' | 'finish'
  readonly clock?: Clock
}

/** What an `LlmCache` announces, each once, after the fact. */
export interface LlmEvents {
  /** A call is over. */
  readonly outcome: LlmOutcome
  readonly invalidated: { readonly selector: AnswerSelector; readonly removed: number }
  readonly feedback: { readonly key: AnswerKey; readonly verdict: 'good' | 'bad' }
  /** The durable tier failed; whoever asked was served without it. */
  readonly durable_failed: { readonly operation: 'find' | 'keep' | 'countHits'; readonly error: unknown }
}

/** Answers calls to language models from what is known; asks the upstream once for what is not. */
export interface LlmCache {
  /**
   * Answers a call, as soon as the head of the answer is known.
   * @throws what `forward` throws; the signal's reason
   */
  answer(call: LlmCall, forward: Forward): Promise<LlmAnswer>
  /**
   * Removes the answers that a selector meets from all tiers; those under way are not kept.
   * @throws RepriseError `invalid_option`
   */
  invalidate(selector: AnswerSelector): Promise<{ readonly removed: number }>
  /** Says what an answer is worth; a bad one is removed. */
  feedback(key: AnswerKey, verdict: 'good' | 'bad'): Promise<void>
  on<Name extends keyof LlmEvents>(name: Name, listener: (event: LlmEvents[Name]) => void): () => void
  /** Counts the last hits in the durable tier. Does not close the cache. */
  close(): Promise<void>
}
