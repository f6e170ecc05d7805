import { takeValue } from '../../base/codec/kept-value.ts'
import { type CacheKey, readableText } from '../../base/key.ts'
import type { Scope } from '../coherence/scope.ts'
import type { Engine } from '../engine.ts'
import type { Policy } from '../policy.ts'
import type { MissReason, TierReading } from '../tiers/tier.ts'

/** What one tier holds under a key. */
export interface TierExplanation {
  readonly tier: string
  readonly state: 'fresh' | 'stale' | MissReason
  /** More on a state that says that something is wrong. */
  readonly detail: string | undefined
  readonly ageMs: number | undefined
  /** Negative once it is past its time. */
  readonly freshForMs: number | undefined
  /** Until the end of its grace. */
  readonly servedForMs: number | undefined
  readonly tags: readonly string[]
  readonly loadMs: number | undefined
  /** Whether the remembered absence of a value. */
  readonly isAbsence: boolean
}

/** Why a key would or would not be served. */
export interface Explanation {
  /** As tiers know it. */
  readonly key: CacheKey
  readonly readable: string
  readonly namespace: string
  /** From the nearest to the farthest; the first that is fresh, else the youngest stale one, serves. */
  readonly tiers: readonly TierExplanation[]
  /** The tier that would serve it now; undefined: it would be loaded. */
  readonly servedBy: string | undefined
  readonly isLoading: boolean
  /** One sentence for people. */
  readonly summary: string
}

export async function explain(engine: Engine, scope: Scope, policy: Policy, cached: CacheKey): Promise<Explanation> {
  const now = engine.clock.now()
  const question = { scope, policy, now, era: engine.coherence.era }
  const readings = await Promise.all(
    engine.tiers.map(async tier => ({ tier: tier.name, reading: await tier.peek(cached, question) })),
  )
  const serving =
    readings.find(({ reading }) => reading.kind === 'fresh') ?? readings.find(({ reading }) => reading.kind === 'stale')
  const isLoading = engine.loads.find(cached) !== undefined
  const tiers = readings.map(({ tier, reading }) => tierExplanation(tier, reading, now))
  return {
    key: cached,
    readable: readableText(cached),
    namespace: scope.path,
    tiers,
    servedBy: serving?.tier,
    isLoading,
    summary: summaryOf(tiers, serving?.tier, isLoading),
  }
}

function tierExplanation(tier: string, reading: TierReading, now: number): TierExplanation {
  if (reading.kind === 'miss') {
    const nothing = { ageMs: undefined, freshForMs: undefined, servedForMs: undefined, loadMs: undefined }
    return { tier, state: reading.reason, detail: reading.detail, ...nothing, tags: [], isAbsence: false }
  }
  const { entry } = reading
  return {
    tier,
    state: reading.kind,
    detail: undefined,
    ageMs: now - entry.createdAt,
    freshForMs: entry.freshUntil - now,
    servedForMs: entry.staleUntil - now,
    tags: entry.tags,
    loadMs: entry.loadMs,
    isAbsence: takeValue(entry.kept) === undefined,
  }
}

function summaryOf(tiers: readonly TierExplanation[], servedBy: string | undefined, isLoading: boolean): string {
  const each = tiers.map(({ tier, state, detail }) => `${tier}: ${state}${detail === undefined ? '' : ` (${detail})`}`)
  const end =
    servedBy === undefined ? (isLoading ? 'it is being loaded' : 'it would be loaded') : `${servedBy} serves it`
  return `${each.join('; ')}; ${end}.`
}
