import type { Clock } from '../../base/clock.ts'
import type { CacheKey } from '../../base/key.ts'
import type { Coherence } from '../coherence/coherence.ts'
import type { MarkKeeper } from '../coherence/mark-keeper.ts'
import type { MarkTable } from '../coherence/mark-table.ts'
import type { Tier } from '../tiers/tier.ts'
import type { KeyLeases } from './key-lease.ts'
import type { KeyWatches } from './key-watches.ts'

/** What loads work with. Made once a cache. */
export interface EngineParts {
  /** From the nearest to the farthest. */
  readonly tiers: readonly Tier[]
  readonly marks: MarkTable
  readonly keeper: MarkKeeper
  readonly coherence: Coherence
  readonly watches: KeyWatches
  readonly leases: KeyLeases | undefined
  readonly clock: Clock
  /** Removes what was written while it was being invalidated. */
  readonly retract: (key: CacheKey) => void
}
