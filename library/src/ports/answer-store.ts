/** The calls whose answers are kept: OpenAI's chat completions and responses, Anthropic's messages. */
export type LlmRoute = 'chat/completions' | 'responses' | 'messages'

/**
 * Names one answer: tenant, namespace, route, upstream and prompt hash, each percent-encoded, joined by `/`. The namespace
 * is empty where there is none.
 */
export type AnswerKey = string & { readonly brand: 'AnswerKey' }

/** What a language model answered, whole, with what it cost. */
export interface KeptAnswer {
  readonly key: AnswerKey
  readonly tenant: string
  readonly namespace: string | undefined
  /** The configured name of the upstream. */
  readonly upstream: string
  readonly route: LlmRoute
  readonly model: string
  /** SHA-256 of the canonical request, 64 hex digits. Alike for all tenants and upstreams. */
  readonly promptHash: string
  /** The request as canonical JSON; large encoded files in it are named by their hash. */
  readonly request: string
  /** The whole answer as one JSON text, also when it came as a stream. */
  readonly response: string
  /** The stream as it came; undefined when the answer came in one piece. */
  readonly recording: StreamRecording | undefined
  /** As the upstream counted them; undefined when it did not say. */
  readonly promptTokens: number | undefined
  readonly completionTokens: number | undefined
  readonly costUsd: number | undefined
  /** From the request to the end of the answer. */
  readonly generationMs: number
  /** ms since the epoch. */
  readonly createdAt: number
  readonly expiresAt: number
  /** As callers gave them, and `document:{id}` for each document. */
  readonly tags: readonly string[]
}

/** A recorded stream: server-sent events as text, and when its pieces came. */
export interface StreamRecording {
  readonly text: string
  /** For each piece two numbers: where it ends (bytes of UTF-8 from the start), and when it came (ms from the request). */
  readonly pieces: readonly number[]
}

/**
 * Which answers are meant: those that meet every field given. At least one is given. Within a tenant, unless none is
 * named: then of all tenants.
 */
export interface AnswerSelector {
  readonly key?: AnswerKey
  readonly tenant?: string
  readonly namespace?: string
  readonly model?: string
  /** A tag as callers gave it. */
  readonly tag?: string
  /** The id of a document; the same as the tag `document:{id}`. */
  readonly document?: string
  readonly promptHash?: string
  /** Made at or before this instant, ms since the epoch. */
  readonly olderThan?: number
}

/** What `find` learnt of a store's past: an answer whose making began then is kept only if nothing was forgotten since. */
export type AnswerFence = string & { readonly brand: 'AnswerFence' }

export interface AnswerReading {
  /** Undefined when there is none, or its time is over. */
  readonly answer: KeptAnswer | undefined
  readonly fence: AnswerFence
}

/**
 * The durable tier below memory and Redis: what was paid for once survives restarts of everything else (PostgreSQL's
 * `prompt_cache`). Its failures reject, and cost a caller nothing but the tier: they are announced.
 */
export interface AnswerStore {
  /** The answer that still serves at an instant (ms since the epoch), and the fence for one that is made now. */
  find(key: AnswerKey, at: number): Promise<AnswerReading>
  /**
   * Keeps an answer, in place of one under the same key. Refused (`fenced`) when something was forgotten since the fence
   * was read that the answer would have met: an answer that was invalidated while it was made never comes back. A store
   * may refuse more than it must, never less.
   */
  keep(answer: KeptAnswer, fence: AnswerFence): Promise<'kept' | 'fenced'>
  /** Adds to the hits of answers, by key. */
  countHits(hits: ReadonlyMap<AnswerKey, number>): Promise<void>
  /** Removes all answers that a selector meets; how many. Resolves when no later `find` can see them. */
  forget(selector: AnswerSelector): Promise<number>
}
