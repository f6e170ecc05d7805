import type { TokenUsage } from '../asking/llm-call.ts'
import type { StreamEvent } from './event-reader.ts'
import type { JsonObject } from './json.ts'

/** How an answer ended. */
export type Ending = 'complete' | 'unfinished' | 'content_filter' | 'invalid_tool_json' | 'unreadable'

/** A stream as one body. */
export type Folding =
  | { readonly kind: 'whole'; readonly body: JsonObject }
  /** It ended before its end, or an event says that something failed. */
  | { readonly kind: 'broken' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'invalid_tool_json' }

/** How one route speaks. */
export interface Dialect {
  /** Loses nothing: what is not known is taken over. */
  fold(events: readonly StreamEvent[]): Folding
  /** The other way round: an answer in one piece as the stream that its route would send. */
  unfold(body: JsonObject, wantsUsage: boolean): string
  endingOf(body: JsonObject): Ending
  usageOf(body: JsonObject): TokenUsage | undefined
  /** An error in the words of its route. */
  errorBody(message: string, code: string): JsonObject
}
