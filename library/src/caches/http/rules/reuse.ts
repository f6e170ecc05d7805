import { type Directives, millisecondsOf } from './cache-control.ts'

/** What decides whether a stored response may be used now; milliseconds. */
export interface StoredFreshness {
  readonly lifetimeMs: number
  readonly noCache: boolean
  readonly mustRevalidate: boolean
  readonly immutable: boolean
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
}

export type Reuse =
  /** Serve it. */
  | 'fresh'
  /** Serve it, for the request allows it to be stale. */
  | 'stale'
  /** Serve it, and validate it in the background. */
  | 'refresh'
  /** Validate it first. */
  | 'validate'

/** What may be done with a stored response of this age for a request with these directives (RFC 9111 4.2, 5.2.1). */
export function decideReuse(stored: StoredFreshness, ageMs: number, request: Directives): Reuse {
  const { lifetimeMs } = stored
  if (stored.noCache) return 'validate'
  // RFC 8246: while it is fresh, a reload of an immutable response needs no validation.
  const isReload = request.has('no-cache') || (millisecondsOf(request, 'max-age') ?? 1) === 0
  if (isReload && !(stored.immutable && ageMs < lifetimeMs)) return 'validate'
  const isTooOld = !isReload && ageMs > (millisecondsOf(request, 'max-age') ?? Number.POSITIVE_INFINITY)
  const isFresh = ageMs < lifetimeMs && lifetimeMs - ageMs >= (millisecondsOf(request, 'min-fresh') ?? 0)
  if (isFresh && !isTooOld) return 'fresh'
  if (stored.mustRevalidate || isTooOld || ageMs < lifetimeMs) return 'validate'
  const staleMs = ageMs - lifetimeMs
  if (request.has('max-stale')) {
    const bearableMs =
      request.get('max-stale') === undefined ? Number.POSITIVE_INFINITY : millisecondsOf(request, 'max-stale')
    if (staleMs <= (bearableMs ?? 0)) return 'stale'
  }
  return staleMs < stored.staleWhileRevalidateMs ? 'refresh' : 'validate'
}

/** How the origin failed: it cannot be reached (RFC 9111 4.2.4), or it answered with an error (RFC 5861 4). */
export type OriginFailure = 'unreachable' | 'error'

/** The errors that `stale-if-error` speaks of. */
export function isServerError(status: number): boolean {
  return status === 500 || status === 502 || status === 503 || status === 504
}

/**
 * Whether a stored response may be served in place of a failure.
 * @param unreachableMs how stale it may be then where nothing else is said
 */
export function mayServeInstead(
  stored: StoredFreshness,
  ageMs: number,
  request: Directives,
  failure: OriginFailure,
  unreachableMs: number,
): boolean {
  if (stored.noCache || stored.mustRevalidate) return false
  const staleMs = Math.max(0, ageMs - stored.lifetimeMs)
  const allowedMs = Math.max(stored.staleIfErrorMs, millisecondsOf(request, 'stale-if-error') ?? 0)
  if (staleMs < allowedMs) return true
  return failure === 'unreachable' && staleMs < unreachableMs
}
