import type { Place } from '../kept/places.ts'
import type { Prompt } from '../prompt/prompt.ts'
import type { AnswerReason, LlmCall } from './llm-call.ts'

/** A call that was read, and whose answer may be found or kept. */
export interface Asked {
  readonly call: LlmCall
  readonly prompt: Prompt
  readonly place: Place
  /** Of the monotonic clock. */
  readonly startedAt: number
}

/** A call that passes by: its answer is neither found nor kept. */
export interface Passing {
  readonly call: LlmCall
  /** Undefined where the body could not be read. */
  readonly prompt: Prompt | undefined
  readonly place: undefined
  readonly startedAt: number
}

/** Why a call passes by the cache; undefined where it does not. */
export function bypassReason(
  { controls }: LlmCall,
  prompt: Prompt | undefined,
  keepsSampled: boolean,
): AnswerReason | undefined {
  if (controls.mode === 'bypass') return 'bypass'
  if (prompt === undefined) return 'unreadable'
  if (prompt.isStateful) return 'stateful'
  return prompt.isSampled && !keepsSampled ? 'sampled' : undefined
}
