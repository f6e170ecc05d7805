import { keepValue } from '../../base/codec/kept-value.ts'
import { type CacheKey, cacheKey, type Key } from '../../base/key.ts'
import { type MarkName, namespaceMark, tagMark } from '../../base/namespace-path.ts'
import { expected } from '../../base/option-reading.ts'
import { randomMark } from '../../base/random-mark.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import type { Mark } from '../../ports/store.ts'
import type { SetResult } from '../cache.ts'
import type { WriteOperation } from '../cache-events.ts'
import type { Scope } from '../coherence/scope.ts'
import type { Engine } from '../engine.ts'
import type { Invalidation } from '../invalidation/invalidation.ts'
import type { InvalidationResult } from '../invalidation/invalidations.ts'
import { invalidateHere } from '../invalidation/local-invalidation.ts'
import { type FillOutcome, fillTiers, lifeOf, newEntry } from '../load/fill.ts'
import { type Policy, readTags } from '../policy.ts'

/** So many values are written at a time. */
const writtenTogether = 500

/** The writing half of a facade: carries sets and invalidations out, and announces each once. */
export class Writes {
  readonly #engine: Engine
  readonly #scope: Scope

  constructor(engine: Engine, scope: Scope) {
    this.#engine = engine
    this.#scope = scope
  }

  async set(
    entries: readonly (readonly [key: Key, value: unknown])[],
    policy: Policy,
    operation: WriteOperation,
  ): Promise<SetResult> {
    // All are read before any is written, so that a bad one leaves nothing half done.
    const read = entries.map(([key, value]) => [cacheKey(this.#scope.prefix, key), keepGiven(value)] as const)
    const unwritten: CacheKey[] = []
    for (let from = 0; from < read.length; from += writtenTogether) {
      const part = read.slice(from, from + writtenTogether)
      const outcomes = await Promise.all(part.map(([key, kept]) => this.#setOne(key, kept, policy, operation)))
      outcomes.forEach((outcome, index) => {
        const key = part[index]?.[0]
        if (key !== undefined && isUnwritten(outcome)) unwritten.push(key)
      })
    }
    return {
      redis: await this.#tellOfSet(
        read.map(([key]) => key),
        unwritten,
        policy,
      ),
    }
  }

  deleteKeys(keys: readonly Key[]): Promise<InvalidationResult> {
    const cached = [...new Set(keys.map(key => cacheKey(this.#scope.prefix, key)))]
    return this.#engine.invalidations.invalidate({ kind: 'keys', keys: cached })
  }

  /** @throws RepriseError `invalid_option` */
  invalidateTags(tags: readonly string[]): Promise<InvalidationResult> {
    const names = readTags(tags, []).map(tag => tagMark(this.#scope.path, tag))
    return this.#engine.invalidations.invalidate(renewalOf(names))
  }

  /** @throws RepriseError `invalid_option` */
  invalidatePattern(glob: unknown): Promise<InvalidationResult> {
    if (typeof glob !== 'string' || glob === '') throw expected('pattern', 'a text such as "user:*"', glob)
    return this.#engine.invalidations.invalidate({ kind: 'pattern', path: this.#scope.path, glob })
  }

  clear(): Promise<InvalidationResult> {
    if (this.#scope.paths.length === 1) this.#engine.memory?.clear()
    return this.#engine.invalidations.invalidate(renewalOf([namespaceMark(this.#scope.path)]))
  }

  async #setOne(
    key: CacheKey,
    kept: ReturnType<typeof keepValue>,
    policy: Policy,
    operation: WriteOperation,
  ): Promise<FillOutcome> {
    const { clock, coherence, keeper, tiers, watches } = this.#engine
    const startedAt = clock.monotonicMs()
    invalidateHere({ kind: 'keys', keys: [key] }, this.#engine.here)
    const watch = watches.begin(key)
    const [now, { era }] = [clock.now(), coherence]
    const lifeMs = lifeOf(kept, policy.ttlMs, policy)
    const until = now + lifeMs + policy.graceMs
    const scope = this.#scope
    const wanted = keeper.wanted(scope.marks(policy.tags), policy.partitionGraceMs, now, until)
    if (wanted.length > 0) await keeper.ask(wanted, until)
    const snapshot = scope.snapshot(policy.tags)
    const entry = newEntry({ kept, lifeMs, now, loadMs: 0, tags: policy.tags, snapshot, era, policy })
    const question = { scope, policy, now, era }
    const isFenced = () => watch.isFenced
    const outcome = await fillTiers(tiers, { key, entry, question, fences: undefined, isFenced })
    watches.end(watch)
    const of = { cache: this.#engine.name, namespace: scope.path, key }
    this.#engine.announce('set', { ...of, operation, kept: outcome, durationMs: clock.monotonicMs() - startedAt })
    return outcome
  }

  /** Other processes forget what they hold; what could not be written is removed, so that nothing older is served. */
  async #tellOfSet(
    keys: readonly CacheKey[],
    unwritten: readonly CacheKey[],
    policy: Policy,
  ): Promise<SetResult['redis']> {
    const { invalidations, store } = this.#engine
    if (store === undefined || keys.length === 0) return 'none'
    // Left out by this call: what Redis holds under the keys is older than what was set.
    if (policy.skipRedis) return (await invalidations.share({ kind: 'keys', keys })).redis
    const refused = new Set(unwritten)
    const written = keys.filter(key => !refused.has(key))
    // A full Redis refuses what is new and still removes what is old.
    const [removal, isTold] = await Promise.all([
      refused.size === 0 ? undefined : invalidations.share({ kind: 'keys', keys: unwritten }),
      written.length === 0 || invalidations.tell({ kind: 'keys', keys: written }),
    ])
    if (!isTold) invalidations.retryLater({ kind: 'keys', keys: written })
    return isTold && removal?.redis !== 'queued' ? 'done' : 'queued'
  }
}

function renewalOf(names: readonly MarkName[]): Invalidation {
  return { kind: 'marks', renewals: names.map(name => ({ name, mark: randomMark() as Mark })) }
}

function keepGiven(value: unknown): ReturnType<typeof keepValue> {
  if (value !== undefined) return keepValue(value)
  throw new RepriseError('not_encodable', 'undefined means that there is no value: delete the key, or set null.', {
    field: 'value',
  })
}

function isUnwritten(outcome: FillOutcome): boolean {
  return outcome.some(({ tier, outcome: kept }) => tier !== 'memory' && kept !== 'stored')
}
