import type { Announcer } from '../../../base/announcer.ts'
import type { LlmEvents } from '../llm-events.ts'
import type { LlmSettings } from '../llm-options.ts'
import type { Asked, Passing } from './asked.ts'
import type { Admission, AnswerReason, AnswerState, LlmOutcome, TokenUsage } from './llm-call.ts'

/** What is known at the end of a call beside the call itself. */
export interface Facts {
  readonly state: AnswerState
  readonly reason: AnswerReason
  readonly admission: Admission
  readonly status: number
  readonly usage: TokenUsage | undefined
  readonly generationMs: number | undefined
  readonly headMs: number
  /** Where the answer was kept: what it cost when it was made, and its age. */
  readonly costUsd?: number | undefined
  readonly ageMs?: number | undefined
}

/** Says of each call once how it went. */
export class Outcomes {
  readonly #priceOf: LlmSettings['priceOf']
  readonly #events: Announcer<LlmEvents>

  constructor(priceOf: LlmSettings['priceOf'], events: Announcer<LlmEvents>) {
    this.#priceOf = priceOf
    this.#events = events
  }

  tell({ call, prompt, place }: Asked | Passing, facts: Facts): LlmOutcome {
    const { usage } = facts
    const model = prompt?.model ?? ''
    const outcome: LlmOutcome = {
      ...facts,
      route: call.route,
      upstream: call.upstream,
      tenant: call.tenant,
      namespace: call.controls.namespace,
      model,
      key: place?.key,
      promptHash: prompt?.hash,
      streamed: prompt?.wantsStream ?? false,
      costUsd: facts.costUsd ?? (usage === undefined ? undefined : this.priceOf(model, usage)),
      ageMs: facts.ageMs,
    }
    this.#events.announce('outcome', outcome)
    return outcome
  }

  /** A price that cannot be told is not known. */
  priceOf(model: string, usage: TokenUsage): number | undefined {
    try {
      return this.#priceOf(model, usage)
    } catch {
      return undefined
    }
  }
}
