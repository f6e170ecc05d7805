import type { HeaderFields, HeaderList } from './rules/header-list.ts'

/** A request as the cache sees it. */
export interface HttpRequest {
  readonly method: string
  /** Absolute: scheme, authority, and path with query as they are keyed. */
  readonly url: string
  readonly fields: HeaderFields
  /** How long a response that says nothing is kept; undefined when the path was not named for that. */
  readonly defaultTtlMs?: number | undefined
  /** Fields that tell responses apart as if `Vary` named them, lower case: what the origin may believe without saying so. */
  readonly keyedFields?: readonly string[]
}

/** How the origin is to be asked. */
export interface ForwardRequest {
  /** Fields in place of the request's own, lower-case names; undefined takes one away. */
  readonly changes: Readonly<Record<string, string | undefined>>
  /** No client waits for the answer: it is asked for the cache's sake. */
  readonly isBackground: boolean
}

export type Body = Uint8Array | AsyncIterable<Uint8Array>

/** What the origin answered. Its body must be read to the end or returned. */
export interface OriginResponse {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderList
  /** Undefined where there is none: 204, 304, answers to HEAD. */
  readonly body: Body | undefined
  /** To be asked once the body has ended. */
  readonly trailers?: () => HeaderList
}

/** Asks the origin. What it throws means that the origin could not be reached. */
export type Forward = (ask: ForwardRequest) => Promise<OriginResponse>

/** What goes to the client. The same shape: a cache is an origin to those before it. */
export type HttpAnswer = OriginResponse
