import type { KeptValue } from '../../base/codec/kept-value.ts'
import type { CacheKey } from '../../base/key.ts'
import type { KeyFence } from '../../ports/store.ts'
import type { MarkSnapshot } from '../coherence/mark-table.ts'
import { Entry } from '../entry.ts'
import type { Policy } from '../policy.ts'
import type { KeepOutcome, Question, Tier } from '../tiers/tier.ts'

/** What became of an entry in each tier that it was offered. */
export type FillOutcome = readonly { readonly tier: string; readonly outcome: KeepOutcome }[]

export interface FillRequest {
  readonly key: CacheKey
  readonly entry: Entry
  readonly question: Question
  /** By the place of the tier; undefined: a shared tier is not tried. Without fences whatever is there is replaced. */
  readonly fences: readonly (KeyFence | undefined)[] | undefined
  /** Whether the key was invalidated in this process since the making began. */
  readonly isFenced: () => boolean
}

/**
 * Offers an entry to all tiers, the farthest first: what a shared tier refuses because of an invalidation must not live
 * on in a nearer one.
 */
export async function fillTiers(tiers: readonly Tier[], request: FillRequest): Promise<FillOutcome> {
  const { key, entry, question, fences, isFenced } = request
  const { scope, policy } = question
  const outcomes: { tier: string; outcome: KeepOutcome }[] = []
  for (const [place, tier] of [...tiers.entries()].reverse()) {
    if (tier.isSkipped(policy)) continue
    const fence = fences?.[place]
    let outcome: KeepOutcome
    if (isFenced()) outcome = 'fenced'
    else if (tier.isShared && fences !== undefined && fence === undefined) outcome = 'unavailable'
    else {
      const answer = tier.keep(key, { entry, scope, fence })
      outcome = answer instanceof Promise ? await answer : answer
    }
    outcomes.push({ tier: tier.name, outcome })
    if (outcome === 'fenced') break
  }
  return outcomes
}

export interface EntryRequest {
  readonly kept: KeptValue
  /** How long it is fresh. */
  readonly lifeMs: number
  readonly now: number
  readonly loadMs: number
  readonly tags: readonly string[]
  readonly snapshot: MarkSnapshot
  readonly era: number
  readonly policy: Policy
}

export function newEntry({ kept, lifeMs, now, loadMs, tags, snapshot, era, policy }: EntryRequest): Entry {
  const freshUntil = now + lifeMs
  return new Entry({
    kept,
    createdAt: now,
    freshUntil,
    staleUntil: freshUntil + (kept.kind === 'absent' ? 0 : policy.graceMs),
    loadMs,
    tags,
    snapshot,
    era,
    keptAt: now,
    earlyBeta: kept.kind === 'absent' ? 0 : policy.earlyBeta,
  })
}

/** How long a value is fresh: shortened at random, so that values made together do not end together. */
export function lifeOf(kept: KeptValue, ttlMs: number, policy: Policy): number {
  if (kept.kind === 'absent') return policy.negativeTtlMs
  return policy.jitter === 0 ? ttlMs : ttlMs * (1 - policy.jitter * Math.random())
}
