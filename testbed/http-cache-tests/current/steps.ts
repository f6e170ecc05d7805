import type { CacheTest } from '../suite.ts'

/** A field that the origin sends: name, value (a number is a date, that many seconds from now), whether it must arrive. */
export type Field = readonly [name: string, value: string | number, mustArrive?: boolean]

/** An interim response: its status, its fields. */
export type Interim = readonly [status: 102 | 103, fields?: readonly (readonly [name: string, value: string])[]]

/** One request of a test with the answer of its origin and what the client must see, as the package's client reads it. */
export interface Step {
  readonly request_method?: string
  readonly request_headers?: readonly Field[]
  readonly request_body?: string
  readonly query_arg?: string
  readonly filename?: string
  readonly magic_locations?: boolean
  readonly redirect?: 'manual'
  readonly response_status?: readonly [status: number, phrase: string]
  readonly response_headers?: readonly Field[]
  readonly response_body?: string | null
  readonly response_pause?: number
  readonly interim_responses?: readonly Interim[]
  readonly disconnect?: boolean
  readonly setup?: boolean
  readonly setup_tests?: readonly string[]
  readonly pause_after?: boolean
  readonly check_body?: boolean
  readonly expected_type?: 'cached' | 'not_cached' | 'etag_validated' | 'lm_validated'
  readonly expected_status?: number
  readonly expected_method?: string
  readonly expected_response_text?: string | null
  readonly expected_response_headers?: readonly (string | Field | readonly [string, '>', number])[]
  readonly expected_response_headers_missing?: readonly (string | Field)[]
  readonly expected_request_headers?: readonly Field[]
  readonly expected_request_headers_missing?: readonly (string | Field)[]
  readonly expected_interim_responses?: readonly Interim[]
}

export interface PlayedTest extends CacheTest {
  readonly requests: readonly Step[]
}

export type Kind = NonNullable<CacheTest['kind']>

/** Whether the second of two requests is answered from the first's response. */
export type Reuse = 'cached' | 'not_cached'

/** A test of its own steps: the package's client writes into them. */
export function test(kind: Kind, id: string, ...requests: readonly Step[]): PlayedTest {
  return { id, name: id, kind, requests: structuredClone(requests) }
}

/** Asks twice, three seconds apart: is the second request answered from what came first? */
export function twice(kind: Kind, id: string, reuse: Reuse, ...fields: readonly Field[]): PlayedTest {
  return test(kind, id, kept(...fields), { expected_type: reuse })
}

/** Asks twice in a row. */
export function atOnce(kind: Kind, id: string, reuse: Reuse, ...fields: readonly Field[]): PlayedTest {
  return test(kind, id, { response_headers: fields, setup: true }, { expected_type: reuse })
}

/** A first request whose response has time to age. */
export function kept(...fields: readonly Field[]): Step {
  return { response_headers: fields, setup: true, pause_after: true }
}

/** A response that stays fresh. */
export function fresh(...fields: readonly Field[]): Step {
  return kept(['Cache-Control', 'max-age=100000'], ['Date', 0], ...fields)
}

/** A response that is stale when it comes. */
export function stale(...fields: readonly Field[]): Step {
  return kept(['Expires', -5000], ['Last-Modified', -100_000], ['Date', 0], ...fields)
}

/** A response whose time is over at the second request. */
export function staleSoon(...fields: readonly Field[]): Step {
  return kept(['Cache-Control', 'max-age=2'], ['Date', 0], ['Template-A', '1'], ...fields)
}
