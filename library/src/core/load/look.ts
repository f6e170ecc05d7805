import type { CacheKey } from '../../base/key.ts'
import type { Entry } from '../entry.ts'
import type { Question } from '../tiers/tier.ts'
import type { EngineParts } from './engine-parts.ts'
import { type Lookup, lookup } from './lookup.ts'

/**
 * Looks into the tiers for what may have to be loaded, and meanwhile asks for the marks that the loaded entry will lie
 * under, so that a key with tags costs no further round.
 * @param early the fresh entry that is to be refreshed; only a younger one counts as found
 */
export async function look(parts: EngineParts, key: CacheKey, question: Question, early?: Entry): Promise<Lookup> {
  const { clock, coherence, keeper, tiers } = parts
  const { scope, policy } = question
  const now = clock.now()
  const until = now + policy.ttlMs + policy.graceMs
  const wanted = keeper.wanted(scope.marks(policy.tags), policy.partitionGraceMs, now, until)
  const asking = wanted.length > 0 ? keeper.ask(wanted, until) : undefined
  // An early refresh asks beyond memory: another process may have been quicker.
  const asked = early === undefined ? policy : { ...policy, skipMemory: true }
  const looked = await lookup(tiers, key, { scope, policy: asked, now, era: coherence.era })
  if (asking !== undefined) await asking
  if (early === undefined || (looked.kind === 'fresh' && looked.entry.createdAt > early.createdAt)) return looked
  return { kind: 'stale', tier: 'memory', entry: early, tried: looked.tried }
}
