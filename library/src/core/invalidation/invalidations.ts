import type { Clock } from '../../base/clock.ts'
import type { CacheKey } from '../../base/key.ts'
import { type NamespacePath, namespaceMark } from '../../base/namespace-path.ts'
import { randomMark } from '../../base/random-mark.ts'
import type { Mark } from '../../ports/store.ts'
import { type GuardedStore, isAway } from '../tiers/guarded-store.ts'
import { patiently } from '../tiers/patience.ts'
import type { BusMessage } from './bus-messages.ts'
import { type ForeignInvalidation, type Invalidation, keyGlob, matchesPattern } from './invalidation.ts'
import { invalidateHere, type LocalInvalidationParts } from './local-invalidation.ts'
import { PendingInvalidations } from './pending-invalidations.ts'

/** Whether the shared tier knows of it: `queued` = as soon as it can be reached, `none` = there is none. */
export type RedisResult = 'done' | 'queued' | 'none'

export interface InvalidationResult {
  /** How many entries were found and removed, each counted once a tier. */
  readonly removed: number
  readonly redis: RedisResult
}

/** What becomes of queued invalidations, for those who announce it. */
export type QueueChange =
  | { readonly kind: 'queued'; readonly waiting: number }
  | { readonly kind: 'carried_out'; readonly waiting: 0 }
  /** Too many waited: the whole cache was invalidated in their place. */
  | { readonly kind: 'overflowed'; readonly waiting: number }

export interface InvalidationsOptions {
  readonly here: LocalInvalidationParts
  readonly root: NamespacePath
  readonly store: GuardedStore | undefined
  readonly clock: Clock
  /** Tells the other processes; false when that is uncertain. */
  readonly publish: (message: BusMessage) => Promise<boolean>
  readonly fenceLifeMs: () => number
  readonly onChange: (change: QueueChange) => void
}

/** So many keys are removed by one call of the store. */
const removedTogether = 1_000
const markLifeMs = 86_400_000
const retryMs = 1_000
/** A round of tries ends after so many that the store did not take. */
const mostRefused = 100
/** A step of a scan may look at many keys that do not match. */
const scanStepMs = 5_000

/** What came of an attempt. */
type CarriedOut =
  | { readonly kind: 'done'; readonly removed: number }
  /** The store, or a part of it that it concerns, is away. */
  | { readonly kind: 'refused' }
  /** The store has it, but the bus did not take it. */
  | { readonly kind: 'untold' }

/** Carries invalidations out: here at once, then in the store, then in other processes by the bus. What fails is tried again until it worked. */
export class Invalidations {
  readonly pending: PendingInvalidations
  readonly #options: InvalidationsOptions
  readonly #closing = new AbortController()
  readonly #underWay = new Set<Invalidation>()
  #isRetrying = false
  #waking = new AbortController()

  constructor(options: InvalidationsOptions) {
    this.#options = options
    this.pending = new PendingInvalidations(options.here.marks)
  }

  async invalidate(invalidation: Invalidation): Promise<InvalidationResult> {
    const removed = invalidateHere(invalidation, this.#options.here)
    if (this.#options.store === undefined) return { removed, redis: 'none' }
    const outcome = await this.share(invalidation)
    return { removed: removed + outcome.removed, redis: outcome.redis }
  }

  /** What was carried out here already is carried out in the store and told to others; until that worked, nothing in the store is believed that it concerns. */
  async share(invalidation: Invalidation): Promise<InvalidationResult> {
    this.pending.begin(invalidation)
    const outcome = await this.#carryOut(invalidation)
    if (outcome.kind === 'done') return { removed: outcome.removed, redis: 'done' }
    this.retryLater(invalidation)
    return { removed: 0, redis: 'queued' }
  }

  /** Queues what could not be carried out. */
  retryLater(invalidation: Invalidation): void {
    this.pending.begin(invalidation)
    if (this.pending.isFull) {
      this.#options.onChange({ kind: 'overflowed', waiting: this.pending.size })
      this.pending.dropAll()
      this.#invalidateAll()
    } else this.#options.onChange({ kind: 'queued', waiting: this.pending.size })
    void this.#retry()
  }

  /** Whatever was written before under the keys concerned is known to be gone. */
  tell(message: BusMessage): Promise<boolean> {
    return this.#options.publish(message)
  }

  /** The store may have gone back to an older state: what was invalidated lately is invalidated again. */
  repeat(): void {
    if (!this.pending.repeatRemembered(this.#options.clock.now())) this.#invalidateAll()
    void this.#retry()
  }

  /** The store can be reached again. */
  retryNow(): void {
    this.#waking.abort()
    void this.#retry()
  }

  /** Tries once more what waits, and then gives up. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#waking.abort()
    for (const invalidation of this.pending.all()) {
      if (!this.#options.store?.isUp || (await this.#carryOut(invalidation)).kind === 'untold') return
    }
  }

  #invalidateAll(): void {
    const renewal = { name: namespaceMark(this.#options.root), mark: randomMark() as Mark }
    const invalidation: Invalidation = { kind: 'marks', renewals: [renewal] }
    invalidateHere(invalidation, this.#options.here)
    this.pending.begin(invalidation)
  }

  async #retry(): Promise<void> {
    if (this.#isRetrying) return
    this.#isRetrying = true
    while (this.pending.size > 0 && !this.#closing.signal.aborted) {
      if (this.#options.store?.isUp && (await this.#carryOutAll())) {
        if (this.pending.size === 0) this.#options.onChange({ kind: 'carried_out', waiting: 0 })
        continue
      }
      this.#waking = new AbortController()
      await this.#options.clock.sleep(retryMs * (0.5 + Math.random() / 2), this.#waking.signal)
    }
    this.#isRetrying = false
  }

  /** Whether some were carried out. Those that concern a part of the store that is away hold up no others. */
  async #carryOutAll(): Promise<boolean> {
    let [worked, refused] = [false, 0]
    for (const invalidation of this.pending.all()) {
      if (this.#underWay.has(invalidation)) continue
      const { kind } = await this.#carryOut(invalidation)
      if (kind === 'done') worked = true
      if (kind === 'untold' || !this.#options.store?.isUp) break
      if (kind === 'done') continue
      this.pending.defer(invalidation)
      refused += 1
      if (refused === mostRefused) break
    }
    return worked
  }

  async #carryOut(invalidation: Invalidation): Promise<CarriedOut> {
    const { store, clock, publish } = this.#options
    if (store === undefined || !store.isUp) return { kind: 'refused' }
    this.#underWay.add(invalidation)
    const removed = await this.#inStore(store, invalidation)
    const isTold = removed !== undefined && (await publish(forOthers(invalidation)))
    this.#underWay.delete(invalidation)
    if (removed === undefined) return { kind: 'refused' }
    if (!isTold) return { kind: 'untold' }
    this.pending.end(invalidation, clock.now())
    return { kind: 'done', removed }
  }

  async #inStore(store: GuardedStore, invalidation: Invalidation): Promise<number | undefined> {
    switch (invalidation.kind) {
      case 'keys':
        return this.#remove(store, invalidation.keys)
      case 'marks': {
        const answers = await store.renewMarks(invalidation.renewals, this.#options.clock.now() + markLifeMs)
        return answers.some(isAway) ? undefined : 0
      }
      case 'pattern': {
        const { path, glob } = invalidation
        // Whoever is loading a matching key elsewhere must be fenced before the scan passes its slot.
        if (!(await this.#options.publish(invalidation))) return undefined
        let removed = 0
        for await (const keys of this.#scan(store, invalidation)) {
          const outcome =
            keys &&
            (await this.#remove(
              store,
              keys.filter(key => matchesPattern(key, path, glob)),
            ))
          if (outcome === undefined) return undefined
          removed += outcome
        }
        return removed
      }
    }
  }

  async #remove(store: GuardedStore, keys: readonly CacheKey[]): Promise<number | undefined> {
    const { clock, fenceLifeMs } = this.#options
    let removed = 0
    for (let from = 0; from < keys.length; from += removedTogether) {
      const outcomes = await store.remove(keys.slice(from, from + removedTogether), clock.now() + fenceLifeMs())
      if (outcomes.some(isAway)) return undefined
      removed += outcomes.filter(({ kind }) => kind === 'removed').length
    }
    return removed
  }

  /** The steps of a scan; undefined for one that failed or took too long, which is the last. */
  async *#scan(
    store: GuardedStore,
    { path, glob }: Extract<Invalidation, { kind: 'pattern' }>,
  ): AsyncGenerator<readonly CacheKey[] | undefined> {
    const steps = store.store.scan(keyGlob(path, glob), this.#closing.signal)[Symbol.asyncIterator]()
    while (true) {
      const step = await patiently(() => steps.next(), scanStepMs, this.#options.clock)
      if (step.kind !== 'done') {
        if (step.kind === 'late') store.breaker.trip(new Error(`${store.name} did not go on with a scan.`))
        yield undefined
        return
      }
      if (step.result.done) return
      yield step.result.value
    }
  }
}

function forOthers(invalidation: Invalidation): ForeignInvalidation {
  if (invalidation.kind !== 'marks') return invalidation
  return { kind: 'renewed', names: invalidation.renewals.map(({ name }) => name) }
}
