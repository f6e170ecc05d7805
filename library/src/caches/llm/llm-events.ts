import type { AnswerKey, AnswerSelector } from '../../ports/answer-store.ts'
import type { LlmOutcome } from './asking/llm-call.ts'

/** What an `LlmCache` announces, each once, after the fact. */
export interface LlmEvents {
  /** A call is over. */
  readonly outcome: LlmOutcome
  readonly invalidated: { readonly selector: AnswerSelector; readonly removed: number }
  readonly feedback: { readonly key: AnswerKey; readonly verdict: 'good' | 'bad' }
  /** The durable tier failed; whoever asked was served without it. */
  readonly durable_failed: { readonly operation: 'find' | 'keep' | 'countHits'; readonly error: unknown }
}
