import type { CacheKey } from '../../base/key.ts'
import type { KeyFence } from '../../ports/store.ts'
import type { Entry } from '../entry.ts'
import type { MissReason, Question, Tier, TierReading } from '../tiers/tier.ts'
import type { KeyWatch } from './key-watches.ts'

/** What the tiers say of a key, from the nearest to the farthest. */
export type Lookup = Found | { readonly kind: 'miss'; readonly reason: MissReason; readonly tried: Tried }

export interface Found {
  readonly kind: 'fresh' | 'stale'
  readonly tier: string
  readonly entry: Entry
  readonly tried: Tried
}

/** What was learnt on the way. */
export interface Tried {
  /** The fence of each tier that may be filled, by its place; undefined where a fill must not be tried. */
  readonly fences: readonly (KeyFence | undefined)[]
  /** What a tier held but could not be read. */
  readonly unreadable: readonly { readonly tier: string; readonly reason: string }[]
}

/** One tier's reading after another, until there is a fresh one; and what is learnt meanwhile. */
class Search implements Tried {
  readonly fences: (KeyFence | undefined)[] = []
  unreadable: Tried['unreadable'] = []
  #stale: { readonly tier: string; readonly entry: Entry } | undefined
  #reason: MissReason = 'absent'

  /** Adds a reading, and answers the entry when it ends the search. */
  add(tier: Tier, reading: TierReading): Entry | undefined {
    this.fences.push(reading.fence)
    if (reading.kind === 'fresh') return reading.entry
    if (reading.kind === 'stale') {
      if (this.#stale === undefined || reading.entry.createdAt > this.#stale.entry.createdAt) {
        this.#stale = { tier: tier.name, entry: reading.entry }
      }
    } else {
      if (reading.reason !== 'absent') this.#reason = reading.reason
      if (reading.reason === 'unreadable') {
        this.unreadable = [...this.unreadable, { tier: tier.name, reason: reading.detail ?? '' }]
      }
    }
    return undefined
  }

  skip(): void {
    this.fences.push(undefined)
  }

  fresh(tier: Tier, entry: Entry): Found {
    return { kind: 'fresh', tier: tier.name, entry, tried: this }
  }

  end(): Lookup {
    if (this.#stale !== undefined) return { kind: 'stale', ...this.#stale, tried: this }
    return { kind: 'miss', reason: this.#reason, tried: this }
  }
}

/** Asks the tiers for a key. What is found is kept nowhere yet: that is `keepNearer`. */
export async function lookup(tiers: readonly Tier[], key: CacheKey, question: Question): Promise<Lookup> {
  const search = new Search()
  for (const tier of tiers) {
    if (tier.isSkipped(question.policy)) {
      search.skip()
      continue
    }
    const answer = tier.read(key, question)
    const entry = search.add(tier, answer instanceof Promise ? await answer : answer)
    if (entry !== undefined) return search.fresh(tier, entry)
  }
  return search.end()
}

/** Asks the tiers for many keys, each tier once for those that are still sought. */
export async function lookupMany(
  tiers: readonly Tier[],
  keys: readonly CacheKey[],
  question: Question,
): Promise<readonly Lookup[]> {
  const searches = keys.map(() => new Search())
  const found: (Lookup | undefined)[] = new Array(keys.length)
  // Places in `keys`.
  let sought: readonly number[] = [...keys.keys()]
  for (const tier of tiers) {
    if (tier.isSkipped(question.policy)) {
      for (const place of sought) searches[place]?.skip()
      continue
    }
    if (sought.length === 0) break
    const asked = sought.length === keys.length ? keys : sought.map(place => keys[place] as CacheKey)
    const answer = tier.readMany(asked, question)
    const readings = answer instanceof Promise ? await answer : answer
    sought = sought.filter((place, index) => {
      const [search, reading] = [searches[place], readings[index]]
      const entry = reading && search?.add(tier, reading)
      if (entry !== undefined) found[place] = search?.fresh(tier, entry)
      return entry === undefined
    })
  }
  return searches.map((search, place) => found[place] ?? search.end())
}

/**
 * Keeps what a farther tier answered in the nearer ones, unless the key was invalidated since the question, and answers
 * it in the form that memory shares.
 */
export function settle(
  tiers: readonly Tier[],
  key: CacheKey,
  found: Found,
  { scope, policy }: Question,
  watch: Pick<KeyWatch, 'isFenced'>,
): Found {
  let shared: Entry | undefined
  for (let place = 0; place < tiers.length; place += 1) {
    const [tier, fence] = [tiers[place], found.tried.fences[place]]
    if (tier === undefined || tier.name === found.tier) break
    if (tier.isSkipped(policy) || (tier.isShared && fence === undefined)) continue
    shared ??= found.entry.inMemory()
    if (!watch.isFenced) void tier.keep(key, { entry: shared, scope, fence })
  }
  return shared === undefined ? found : { ...found, entry: shared }
}
