import type { KeptAnswer, StreamRecording } from '../../../ports/answer-store.ts'
import type { TokenUsage } from '../asking/llm-call.ts'

/** An answer as the engine keeps it: plain data, so that memory shares it and Redis stores it as JSON. */
export interface KeptEntry {
  readonly format: 1
  /** The whole answer as JSON. */
  readonly body: string
  /** The stream that it came as; null where it came in one piece. */
  readonly recording: StreamRecording | null
  readonly usage: TokenUsage | null
  readonly costUsd: number | null
  readonly generationMs: number
  /** ms since the epoch. */
  readonly createdAt: number
}

/** What memory or Redis holds under a key of ours was written by us, or by another version of us. */
export function isKeptEntry(value: unknown): value is KeptEntry {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === 1 && 'body' in value
}

/** An answer of the durable tier as the engine keeps it. */
export function entryOf(answer: KeptAnswer): KeptEntry {
  const { promptTokens, completionTokens } = answer
  const isCounted = promptTokens !== undefined && completionTokens !== undefined
  return {
    format: 1,
    body: answer.response,
    recording: answer.recording ?? null,
    usage: isCounted ? { promptTokens, completionTokens, cachedPromptTokens: 0 } : null,
    costUsd: answer.costUsd ?? null,
    generationMs: answer.generationMs,
    createdAt: answer.createdAt,
  }
}
