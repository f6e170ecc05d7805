import { Announcer } from '../../base/announcer.ts'
import { expected } from '../../base/option-reading.ts'
import type { AnswerKey, AnswerSelector } from '../../ports/answer-store.ts'
import { Answering } from './asking/answering.ts'
import type { Forward, LlmAnswer, LlmCall } from './asking/llm-call.ts'
import { DurableTier } from './kept/durable-tier.ts'
import { Invalidator } from './kept/invalidator.ts'
import { Places, readAnswerKey } from './kept/places.ts'
import type { LlmEvents } from './llm-events.ts'
import { type LlmCacheOptions, readLlmOptions } from './llm-options.ts'

/** Answers calls to language models from what is known; asks the upstream once for what is not. */
export interface LlmCache {
  /**
   * Answers a call, as soon as the head of the answer is known.
   * @throws what `forward` throws; the signal's reason; RepriseError `load_timeout`, `upstream_broken`
   */
  answer(call: LlmCall, forward: Forward): Promise<LlmAnswer>
  /**
   * Removes the answers that a selector meets from all tiers; those under way are not kept. Memory and Redis may lose more
   * than is meant where a selector has several fields, never less.
   * @throws RepriseError `invalid_option`; what the durable tier throws, once the others are done
   */
  invalidate(selector: AnswerSelector): Promise<{ readonly removed: number }>
  /**
   * Says what an answer is worth; a bad one is removed.
   * @param key as the header `x-reprise-key` of the answer names it
   * @throws RepriseError `invalid_option`
   */
  feedback(key: string, verdict: 'good' | 'bad'): Promise<void>
  /** Calls a listener for every later event of that name, until the returned function is called. */
  on<Name extends keyof LlmEvents>(name: Name, listener: (event: LlmEvents[Name]) => void): () => void
  /** Counts the last hits in the durable tier. Does not close the cache. */
  close(): Promise<void>
}

/**
 * A cache of language models' answers over a cache of the engine.
 * @throws RepriseError `invalid_option`
 * @example
 * const llm = llmCache({ cache: createCache({ name: 'ai', memory: { maxEntries: 2000 } }), ttl: '2h' })
 * const answer = await llm.answer({ route: 'chat/completions', upstream: 'openai', tenant, body, controls }, forward)
 */
export function llmCache(options: LlmCacheOptions): LlmCache {
  const settings = readLlmOptions(options)
  const { answers, cache, clock, longestTtlMs } = settings
  const events = new Announcer<LlmEvents>()
  const places = new Places(cache)
  const durable = answers === undefined ? undefined : new DurableTier(answers, events, clock)
  const answering = new Answering(settings, places, durable, events)
  const invalidator = new Invalidator({ cache, places, durable, clock, longestTtlMs })

  const invalidate = async (selector: AnswerSelector) => {
    const removed = await invalidator.invalidate(selector)
    events.announce('invalidated', { selector, removed })
    return { removed }
  }
  return {
    answer: (call, forward) => answering.answer(call, forward),
    invalidate,
    feedback: async (key, verdict) => {
      if (verdict !== 'good' && verdict !== 'bad') throw expected('verdict', '"good" or "bad"', verdict)
      readAnswerKey(key)
      // It was read, and is one.
      const answerKey = key as AnswerKey
      if (verdict === 'bad') await invalidate({ key: answerKey })
      events.announce('feedback', { key: answerKey, verdict })
    },
    on: (name, listener) => events.on(name, listener),
    close: async () => {
      answering.close()
      await durable?.close()
    },
  }
}
