import type { HttpAnswer } from '../messages.ts'
import { cacheStatusOf } from './cache-status.ts'

/**
 * The origin could not be reached while a stored response was validated that may not be served without (RFC 9111 5.2.2.2).
 * Its cause is what the way to the origin threw.
 */
export class ValidationFailure extends Error {
  /** What the cache would say in the origin's place: 504. */
  readonly answer: HttpAnswer

  constructor(cacheName: string, cause: unknown) {
    super('The origin cannot be reached, and what is kept may not be served without it.', { cause })
    const status = cacheStatusOf(cacheName, {
      kind: 'forwarded',
      reason: 'stale',
      isStored: false,
      detail: 'unreachable',
    })
    const headers = ['Content-Length', '0', 'Cache-Control', 'no-store', 'Cache-Status', status]
    this.answer = { status: 504, reason: 'Gateway Timeout', headers, body: new Uint8Array(0) }
  }
}
