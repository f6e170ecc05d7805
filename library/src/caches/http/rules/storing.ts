import type { Directives } from './cache-control.ts'
import type { ResponseControl } from './response-control.ts'

/** Why a response is not kept. Values of `Cache-Status: …; detail=`. */
export type Refusal =
  | 'method'
  | 'status'
  | 'request-no-store'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'vary-star'
  | 'no-freshness'
  | 'set-cookie'
  | 'bad-header'

export interface StoringQuestion {
  readonly method: string
  readonly status: number
  readonly requestDirectives: Directives
  readonly isAuthorized: boolean
  readonly control: ResponseControl
  readonly hasValidator: boolean
  readonly hasSetCookie: boolean
  readonly variesOnAll: boolean
  /** From the time of its last change; undefined when it does not say. */
  readonly heuristicMs: number | undefined
  /** What the path was given for responses that say nothing; undefined when the path was not named. */
  readonly defaultTtlMs: number | undefined
}

/** Where the lifetime of a kept response comes from. */
export type LifetimeSource = 'explicit' | 'heuristic' | 'default' | 'none'

export type StoringDecision =
  | { readonly kind: 'store'; readonly lifetimeMs: number; readonly source: LifetimeSource }
  | { readonly kind: 'refuse'; readonly reason: Refusal }

/** What may be kept without saying for how long (RFC 9110 15.1). */
const heuristicStatuses: ReadonlySet<number> = new Set([200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501])

/** Whose meaning this cache knows, for `must-understand` (RFC 9111 5.2.2.3). */
const understood: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 410, 414, 421, 451, 500, 501, 502,
  503, 504,
])

/** Whether a shared cache may keep a response, and for how long it is fresh (RFC 9111 3). */
export function decideStoring(question: StoringQuestion): StoringDecision {
  const { control, status } = question
  const refusal = refusalOf(question)
  if (refusal !== undefined) return { kind: 'refuse', reason: refusal }
  const isShared = control.explicitLifetimeMs !== undefined && control.explicitLifetimeMs > 0 && !control.noCache
  // What must be validated before each use may carry a session's cookie; a lifetime of its own says that it does not.
  if (question.hasSetCookie && !isShared) return { kind: 'refuse', reason: 'set-cookie' }
  if (control.explicitLifetimeMs !== undefined) {
    return { kind: 'store', lifetimeMs: control.explicitLifetimeMs, source: 'explicit' }
  }
  if (question.method === 'POST') return { kind: 'refuse', reason: 'no-freshness' }
  const mayGuess = heuristicStatuses.has(status) || control.isPublic
  if (control.noCache) {
    // Kept to be validated; without a validator there is nothing to keep it for.
    return mayGuess && question.hasValidator
      ? { kind: 'store', lifetimeMs: 0, source: 'none' }
      : { kind: 'refuse', reason: 'no-freshness' }
  }
  const guessedMs = mayGuess ? (question.heuristicMs ?? question.defaultTtlMs) : undefined
  if (guessedMs !== undefined) {
    return {
      kind: 'store',
      lifetimeMs: guessedMs,
      source: question.heuristicMs === undefined ? 'default' : 'heuristic',
    }
  }
  if (mayGuess && question.hasValidator) return { kind: 'store', lifetimeMs: 0, source: 'none' }
  return { kind: 'refuse', reason: mayGuess ? 'no-freshness' : 'status' }
}

function refusalOf(question: StoringQuestion): Refusal | undefined {
  const { control, status, method } = question
  if (method !== 'GET' && method !== 'POST') return 'method'
  if (status < 200 || status === 304) return 'status'
  if (control.mustUnderstand && !understood.has(status)) return 'status'
  if (question.requestDirectives.has('no-store')) return 'request-no-store'
  if (control.noStore && !control.mustUnderstand) return 'no-store'
  if (control.isPrivate) return 'private'
  if (question.isAuthorized && !control.allowsAuthorized) return 'authorization'
  return question.variesOnAll ? 'vary-star' : undefined
}
