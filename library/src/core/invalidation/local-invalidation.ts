import type { Clock } from '../../base/clock.ts'
import type { MarkTable } from '../coherence/mark-table.ts'
import type { KeyWatches } from '../load/key-watches.ts'
import type { MemoryTier } from '../tiers/memory-tier.ts'
import { type ForeignInvalidation, type Invalidation, matchesPattern } from './invalidation.ts'

export interface LocalInvalidationParts {
  readonly memory: MemoryTier | undefined
  readonly marks: MarkTable
  /** Whether marks are made by a store. */
  readonly hasStore: boolean
  readonly watches: KeyWatches
  readonly clock: Clock
  readonly onInvalidated: (invalidation: Invalidation | ForeignInvalidation) => void
}

/** Carries out an invalidation in this process, at once: memory forgets, running loads are fenced. Answers how many entries went. */
export function invalidateHere(
  invalidation: Invalidation | ForeignInvalidation,
  parts: LocalInvalidationParts,
): number {
  const removed = forgetHere(invalidation, parts)
  parts.onInvalidated(invalidation)
  return removed
}

function forgetHere(invalidation: Invalidation | ForeignInvalidation, parts: LocalInvalidationParts): number {
  const { memory, marks, hasStore, watches, clock } = parts
  switch (invalidation.kind) {
    case 'keys': {
      let removed = 0
      for (const key of invalidation.keys) {
        watches.fence(key)
        if (memory?.remove(key, clock.now())) removed += 1
      }
      return removed
    }
    case 'marks':
      for (const { name, mark } of invalidation.renewals) {
        if (hasStore) marks.doubt(name)
        else marks.renew(name, mark)
      }
      return 0
    case 'renewed':
      for (const name of invalidation.names) marks.doubt(name)
      return 0
    case 'pattern': {
      const { path, glob } = invalidation
      watches.fenceMatching(key => matchesPattern(key, path, glob))
      return memory?.removeMatching(path, glob) ?? 0
    }
  }
}
