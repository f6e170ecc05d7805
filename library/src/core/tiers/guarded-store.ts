import type { Clock } from '../../base/clock.ts'
import { gather } from '../../base/gather/gather.ts'
import type { CacheKey } from '../../base/key.ts'
import type { MarkName } from '../../base/namespace-path.ts'
import type {
  KeyFence,
  Mark,
  MarkRenewal,
  RemoveOutcome,
  Store,
  StoreReading,
  StoreWrite,
  StoreWriteOutcome,
  Unavailable,
} from '../../ports/store.ts'
import { Breaker, type BreakerChange } from './breaker.ts'
import { patiently } from './patience.ts'

/** A store settles within its limit by itself; one that does not is given this much more and then called away. */
export const slackMs = 20
/** How many single reads go together at most. */
const mostGathered = 512

interface FenceRequest {
  readonly key: CacheKey
  readonly keepUntil: number
}

interface GatheredRead {
  readonly reading: Promise<StoreReading>
  readonly resolve: (reading: StoreReading) => void
}

/**
 * A store that may be away, without harm to anybody: no call rejects or takes longer than the store's limit, and after
 * the first that did none is made until the store answers again. Single reads of one tick go together.
 */
export class GuardedStore {
  readonly name: string
  readonly breaker: Breaker
  readonly #store: Store
  readonly #clock: Clock
  readonly #away: Unavailable
  readonly #endWatching: (() => void) | undefined
  #gathered = new Map<CacheKey, GatheredRead>()
  /** Fences are asked for by loads, each for itself; those of one tick go together. */
  readonly #fenceOf = gather<FenceRequest, KeyFence | Unavailable>({
    run: requests => this.#fences(requests),
    maxBatch: mostGathered,
    maxRunning: Number.POSITIVE_INFINITY,
    maxWaiting: Number.POSITIVE_INFINITY,
  })

  constructor(store: Store, clock: Clock, onChange: (change: BreakerChange) => void) {
    this.name = store.name
    this.#store = store
    this.#clock = clock
    this.#away = { kind: 'unavailable', reason: new Error(`${store.name} is away.`) }
    const limitMs = store.readLimitMs + slackMs
    this.breaker = new Breaker({ life: () => store.life(), limitMs, clock, onChange })
    this.#endWatching = store.onInterrupted?.(() => this.breaker.watch())
  }

  close(): void {
    this.#endWatching?.()
    this.breaker.close()
  }

  get isUp(): boolean {
    return this.breaker.isClosed
  }

  read(key: CacheKey): Promise<StoreReading> {
    if (!this.isUp) return Promise.resolve(this.#away)
    const asked = this.#gathered.get(key)
    if (asked !== undefined) return asked.reading
    if (this.#gathered.size === 0) setImmediate(() => this.#readGathered())
    const { promise, resolve } = Promise.withResolvers<StoreReading>()
    this.#gathered.set(key, { reading: promise, resolve })
    if (this.#gathered.size >= mostGathered) this.#readGathered()
    return promise
  }

  readMany(keys: readonly CacheKey[]): Promise<readonly StoreReading[]> {
    return this.#call(keys.length, this.#store.readLimitMs, true, () => this.#store.read(keys))
  }

  /** The fence of a key's slot, planted where there is none. */
  async fence(key: CacheKey, keepUntil: number): Promise<KeyFence | Unavailable> {
    return this.isUp ? this.#fenceOf({ key, keepUntil }) : this.#away
  }

  write(writes: readonly StoreWrite[]): Promise<readonly StoreWriteOutcome[]> {
    return this.#call(writes.length, this.#store.writeLimitMs, false, () => this.#store.write(writes))
  }

  remove(keys: readonly CacheKey[], keepUntil: number): Promise<readonly RemoveOutcome[]> {
    return this.#call(keys.length, this.#store.writeLimitMs, false, () => this.#store.remove(keys, keepUntil))
  }

  marks(names: readonly MarkName[], keepUntil: number): Promise<readonly (Mark | Unavailable)[]> {
    return this.#call(names.length, this.#store.readLimitMs, false, () => this.#store.marks(names, keepUntil))
  }

  renewMarks(
    renewals: readonly MarkRenewal[],
    keepUntil: number,
  ): Promise<readonly ({ readonly kind: 'renewed' } | Unavailable)[]> {
    const { writeLimitMs } = this.#store
    return this.#call(renewals.length, writeLimitMs, false, () => this.#store.renewMarks(renewals, keepUntil))
  }

  /** The store itself, for scans, which are bounded by their callers. */
  get store(): Store {
    return this.#store
  }

  #fences(requests: readonly FenceRequest[]): Promise<readonly (KeyFence | Unavailable)[]> {
    const keys = [...new Set(requests.map(({ key }) => key))]
    const keepUntil = Math.max(...requests.map(request => request.keepUntil))
    const asking = this.#call(keys.length, this.#store.writeLimitMs, false, () => this.#store.fences(keys, keepUntil))
    return asking.then(fences => {
      const fenceOf = new Map(keys.map((key, index) => [key, fences[index] ?? this.#away]))
      return requests.map(({ key }) => fenceOf.get(key) ?? this.#away)
    })
  }

  #readGathered(): void {
    const gathered = this.#gathered
    if (gathered.size === 0) return
    this.#gathered = new Map()
    const keys = [...gathered.keys()]
    void this.readMany(keys).then(readings => {
      let index = 0
      for (const { resolve } of gathered.values()) resolve(readings[index++] ?? this.#away)
    })
  }

  async #call<Result extends { readonly kind: string } | string>(
    count: number,
    limitMs: number,
    tripsWhenAllAway: boolean,
    work: () => Promise<readonly Result[]>,
  ): Promise<readonly (Result | Unavailable)[]> {
    if (count === 0) return []
    if (!this.isUp) return new Array(count).fill(this.#away)
    const answer = await patiently(work, limitMs + slackMs, this.#clock)
    if (answer.kind === 'done') {
      this.#note(answer.result, tripsWhenAllAway)
      return answer.result
    }
    const reason =
      answer.kind === 'failed' ? answer.reason : new Error(`${this.name} did not answer within ${limitMs} ms.`)
    this.breaker.trip(reason)
    return new Array(count).fill({ kind: 'unavailable', reason })
  }

  /** A store that answers nothing is left out; one of which a part is away goes on. */
  #note(results: readonly ({ readonly kind: string } | string)[], tripsWhenAllAway: boolean): void {
    if (!results.some(isAway)) return
    const away = results.filter(isAway)
    if (away.some(({ isPartial }) => isPartial)) this.breaker.watch()
    else if (tripsWhenAllAway && away.length === results.length) this.breaker.trip(away[0]?.reason ?? this.#away.reason)
  }
}

export function isAway(outcome: { readonly kind: string } | string | undefined): outcome is Unavailable {
  return typeof outcome === 'object' && outcome.kind === 'unavailable'
}
