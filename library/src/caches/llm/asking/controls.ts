/** How a call wants to be treated: what its `x-reprise-…` headers say. */
export interface Controls {
  readonly mode: CacheMode
  /** How long the answer is kept; undefined: as the cache says. */
  readonly ttlMs: number | undefined
  /** Divides the tenant's answers further. */
  readonly namespace: string | undefined
  readonly replay: ReplayPace
  /** What the answer can be invalidated by; documents as `document:{id}`. */
  readonly tags: readonly string[]
}

/**
 * `bypass` neither reads nor keeps, `no-store` reads but keeps nothing, `refresh` keeps but does not read, `only` answers
 * 504 where nothing is kept.
 */
export type CacheMode = 'default' | 'bypass' | 'refresh' | 'only' | 'no-store'

/** A kept stream comes at once, or piece by piece as it was recorded. */
export type ReplayPace = 'at-once' | 'paced'
