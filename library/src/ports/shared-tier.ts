import type { Bus } from './bus.ts'
import type { Leases } from './lease.ts'
import type { Store } from './store.ts'

/**
 * A tier that processes share, with what keeps their memories coherent and their loads single. Several caches may use
 * one. Making it starts nothing; the first use connects. It does not keep the process alive when nothing is under way.
 */
export interface SharedTier {
  readonly store: Store
  /** Without it, memory in front of the store is kept at most `partitionGrace` long. */
  readonly bus?: Bus
  /** Without it, each process loads a missing key once. */
  readonly leases?: Leases
  /** Counts a user and answers what ends that use; connections are closed when the last use has ended. */
  use(): () => Promise<void>
}
