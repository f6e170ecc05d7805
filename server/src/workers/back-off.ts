export interface BackOff {
  /** The most that is waited after the first failure. */
  readonly firstMs: number
  /** What each further failure multiplies it by. */
  readonly factor: number
  readonly maxMs: number
}

/** The most that is waited after so many failures, 1 for the first. */
export function backOffMs({ firstMs, factor, maxMs }: BackOff, failures: number): number {
  return Math.min(maxMs, firstMs * factor ** (failures - 1))
}

/**
 * Full jitter: anything from nothing to the bound, so that what failed together does not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function fullJitter(boundMs: number): number {
  return Math.random() * boundMs
}
