/** The topics by which a worker process uses the tier that the primary one keeps. */
export const tierTopics = {
  store: 'tier.store',
  publish: 'tier.publish',
  subscribe: 'tier.subscribe',
  unsubscribe: 'tier.unsubscribe',
  heard: 'tier.heard',
  acquire: 'tier.acquire',
  renew: 'tier.renew',
  release: 'tier.release',
} as const

/** The calls of a store that go over as they are; `scan` is answered as a whole. */
export const storeCalls = ['read', 'fences', 'write', 'remove', 'marks', 'renewMarks', 'scan', 'life'] as const

export interface StoreCall {
  readonly call: (typeof storeCalls)[number]
  readonly given: readonly unknown[]
}
