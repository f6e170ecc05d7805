import type { AnswerKey, LlmRoute } from '../../../ports/answer-store.ts'
import type { Controls, HeaderValues } from './controls.ts'

/** A call to a language model, as it came. */
export interface LlmCall {
  readonly route: LlmRoute
  /** The configured name of the upstream; answers of two upstreams are never mixed. */
  readonly upstream: string
  /** The partition: callers of two tenants never share an answer. An HMAC of the credential, or a configured name. */
  readonly tenant: string
  readonly body: Uint8Array
  /** The request's headers by lower-case name; the few that change what a model answers become part of the key. */
  readonly headers?: HeaderValues
  readonly controls: Controls
  /** The caller leaves when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** What an upstream answered; the body ends by throwing when the connection breaks. */
export interface UpstreamAnswer {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array>
}

/**
 * Asks the upstream. The signal is aborted when nobody waits for the answer any more.
 * @param body what to send: the call's own bytes, or the same with token counts asked for in a stream
 */
export type Forward = (signal: AbortSignal, body: Uint8Array) => Promise<UpstreamAnswer>

export type AnswerState = 'hit' | 'miss' | 'coalesced' | 'bypass'

/** A body that comes piece by piece. Read it once, either way. */
export interface AnswerStream extends AsyncIterable<Uint8Array> {
  /**
   * Writes each piece to a sink as soon as it comes, and waits while that is full: quicker than iterating, where there are
   * many readers. Does not end the sink.
   * @throws what broke the stream; the sink's own errors end the sending in silence, as its reader has left
   */
  sendTo(sink: AnswerSink): Promise<void>
}

/** Of a Node.js Writable, an HTTP response for example, what is needed to send an answer. */
export interface AnswerSink {
  write(piece: Uint8Array): boolean
  on(event: 'drain' | 'close' | 'error', listener: () => void): unknown
  off(event: 'drain' | 'close' | 'error', listener: () => void): unknown
}

/** What a caller gets. */
export interface LlmAnswer {
  readonly status: number
  /** By lower-case name: those of the upstream that matter to callers, `content-type`, and Reprise's own. */
  readonly headers: Readonly<Record<string, string>>
  /** Bytes when all is known already, else a stream. */
  readonly body: Uint8Array | AnswerStream
  readonly state: AnswerState
  readonly reason: AnswerReason
  /** Of a hit: how long ago the answer was made. */
  readonly ageMs: number | undefined
  /** Undefined where the body has none: it was passed through. */
  readonly key: AnswerKey | undefined
  /** How it went, once the upstream is done and what was to be kept is kept. Never rejects. */
  readonly done: Promise<LlmOutcome>
}

/** Why an answer is what its state says. A closed set. */
export type AnswerReason =
  /** hit: where it was found. */
  | 'memory'
  | 'redis'
  | 'durable'
  /** miss: nothing is kept, or what was has been invalidated or is past its time. */
  | 'absent'
  /** miss: the caller asked for a new one. */
  | 'refresh'
  /** miss: the caller asked for a kept one only. */
  | 'only'
  /** miss: the caller wants the answer not to be kept. */
  | 'no_store'
  /** coalesced: the same call was under way. */
  | 'in_flight'
  /** bypass: the caller asked for it. */
  | 'bypass'
  /** bypass: the call depends on, or changes, what the provider stores. */
  | 'stateful'
  /** bypass: the answer would be drawn at random, and such are not kept here. */
  | 'sampled'
  /** bypass: the body is no JSON object that can be read in one way only. */
  | 'unreadable'
  /** miss: why the answer is not kept, where that is known before it is handed over: it came in one piece. */
  | Exclude<Admission, 'kept' | 'hit' | 'coalesced'>

/** Whether an answer was kept, and if not, why. A closed set. */
export type Admission =
  | 'kept'
  /** It was kept before, and served from there. */
  | 'hit'
  /** Another call's outcome tells. */
  | 'coalesced'
  /** The call passed by the cache. */
  | 'bypass'
  | 'no_store'
  /** The status is not 2xx. */
  | 'status'
  /** Not what the route answers: another content type, no JSON, unknown events. */
  | 'unreadable'
  /** The answer ended for another reason than `stop` and `tool_calls`, such as `length`. */
  | 'unfinished'
  | 'content_filter'
  /** The arguments of a tool call are no JSON. */
  | 'invalid_tool_json'
  /** The stream ended before its end, or the connection broke. */
  | 'broken'
  /** The upstream could not be asked. */
  | 'failed'
  /** Everybody left before the end. */
  | 'cancelled'
  | 'too_large'
  /** Invalidated while it was made. */
  | 'fenced'
  /** Admitted, but no tier could take it. */
  | 'unavailable'

export interface TokenUsage {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the prompt's tokens, those that the provider read from its own cache. */
  readonly cachedPromptTokens: number
}

/** How a call went, for accounts and metrics. Holds no content. */
export interface LlmOutcome {
  readonly state: AnswerState
  readonly reason: AnswerReason
  readonly admission: Admission
  readonly route: LlmRoute
  readonly upstream: string
  readonly tenant: string
  readonly namespace: string | undefined
  /** As the request names it; empty where the body could not be read. */
  readonly model: string
  readonly key: AnswerKey | undefined
  readonly promptHash: string | undefined
  readonly status: number
  readonly streamed: boolean
  /** As the upstream counted, for this call or the one whose answer was served. */
  readonly usage: TokenUsage | undefined
  /** What the answer cost when it was made; undefined when the price or the tokens are not known. */
  readonly costUsd: number | undefined
  /** How long the upstream took when the answer was made, from the request to the end. */
  readonly generationMs: number | undefined
  readonly ageMs: number | undefined
  /** How long the caller waited for the head of the answer. */
  readonly headMs: number
}
