import type { CacheMode } from '../../llm/asking/controls.ts'
import type { AnswerState } from '../../llm/asking/llm-call.ts'

/** A call of OpenAI's `/v1/embeddings`, as it came. */
export interface EmbeddingsCall {
  /** The configured name of the upstream; vectors of two upstreams are never mixed. */
  readonly upstream: string
  /** The partition: callers of two tenants never share a vector. */
  readonly tenant: string
  /** Divides the tenant's vectors further. */
  readonly namespace?: string | undefined
  readonly body: Uint8Array
  readonly mode?: CacheMode | undefined
  /** How long vectors are kept; undefined: as the cache says. */
  readonly ttlMs?: number | undefined
  /** The caller leaves when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** Why an answer is what its state says. A closed set. */
export type EmbeddingsReason =
  /** hit: all inputs were kept. */
  | 'kept'
  /** miss: none of the inputs was kept. */
  | 'absent'
  /** miss: some of the inputs were kept, and the upstream was asked for the others. */
  | 'partial'
  /** miss: the caller asked for new vectors. */
  | 'refresh'
  /** miss: the caller asked for kept vectors only, and some are not. */
  | 'only'
  /** coalesced: what was missing was being asked for already. */
  | 'in_flight'
  /** bypass: the caller asked for it. */
  | 'bypass'
  /** bypass: the body is none of which it is known what decides about its vectors. */
  | 'unreadable'

/** What a caller gets. */
export interface EmbeddingsAnswer {
  readonly status: number
  /** By lower-case name: the upstream's where it was asked, and `content-type`. */
  readonly headers: Readonly<Record<string, string>>
  /** A stream where the call was passed through. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  readonly state: AnswerState
  readonly reason: EmbeddingsReason
  readonly outcome: EmbeddingsOutcome
}

/** How a call went, for accounts and metrics. Holds no content. */
export interface EmbeddingsOutcome {
  /** As the request names it; empty where the body could not be read. */
  readonly model: string
  /** Inputs of the call. */
  readonly inputs: number
  /** Different inputs that the upstream was asked for. */
  readonly asked: number
  /** What the upstream counted for these. */
  readonly promptTokens: number
  /** What it had counted for the others when they were asked for. */
  readonly savedPromptTokens: number
}
