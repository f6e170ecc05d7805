import { Announcer } from '../base/announcer.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { CacheKey } from '../base/key.ts'
import { RepriseError } from '../base/reprise-error.ts'
import { coarseClock } from '../eviction/coarse-clock.ts'
import { CacheCounts } from './cache-counts.ts'
import type { CacheEvents } from './cache-events.ts'
import type { CacheSettings } from './cache-options.ts'
import { Coherence } from './coherence/coherence.ts'
import { MarkKeeper } from './coherence/mark-keeper.ts'
import { MarkTable } from './coherence/mark-table.ts'
import { announceLoad } from './facade/announce-load.ts'
import { BusLink } from './invalidation/bus-link.ts'
import type { BusMessage } from './invalidation/bus-messages.ts'
import type { ForeignInvalidation, Invalidation } from './invalidation/invalidation.ts'
import { Invalidations } from './invalidation/invalidations.ts'
import { invalidateHere, type LocalInvalidationParts } from './invalidation/local-invalidation.ts'
import { callBegan, callEnded } from './keep-alive.ts'
import type { EngineParts } from './load/engine-parts.ts'
import { KeyLeases } from './load/key-lease.ts'
import { KeyWatches } from './load/key-watches.ts'
import { Loads } from './load/loads.ts'
import type { BreakerChange } from './tiers/breaker.ts'
import { GuardedStore } from './tiers/guarded-store.ts'
import { MemoryTier } from './tiers/memory-tier.ts'
import { patiently } from './tiers/patience.ts'
import { StoreTier } from './tiers/store-tier.ts'

/** Marks of tags that no entry in memory bears. */
const mostIdleMarks = 10_000
/** A removed key's fence outlives the loads that may have begun before, here and in processes with longer time limits. */
const shortestFenceLifeMs = 300_000

/** What all namespaces of a cache share: tiers, marks, watches, invalidations, the bus. Announces what no call brings about. */
export class Engine implements EngineParts {
  readonly name: string
  readonly clock: Clock
  /** For hits in memory: asking the system for the time may cost as much as the rest of them. */
  readonly quickClock: Pick<Clock, 'now'>
  readonly events = new Announcer<CacheEvents>()
  readonly counts = new CacheCounts()
  readonly tiers: EngineParts['tiers']
  readonly memory: MemoryTier | undefined
  readonly store: GuardedStore | undefined
  readonly marks = new MarkTable(mostIdleMarks)
  readonly keeper: MarkKeeper
  readonly coherence: Coherence
  readonly watches = new KeyWatches()
  readonly leases: KeyLeases | undefined
  readonly retract = (key: CacheKey): void => void this.invalidations.share({ kind: 'keys', keys: [key] })
  /** What an invalidation changes in this process. */
  readonly here: LocalInvalidationParts
  readonly invalidations: Invalidations
  readonly loads: Loads
  readonly #bus: BusLink | undefined
  readonly #endUse: (() => Promise<void>) | undefined
  #longestLoadMs = 0
  #closingLimitMs = 0
  #hasListened = false
  isClosed = false

  constructor({ path, memory, shared, clock, policy }: CacheSettings) {
    this.name = path
    this.clock = clock
    this.quickClock = clock === systemClock ? coarseClock : clock
    this.noteLoaderTimeout(policy.loaderTimeoutMs)
    const { marks, watches } = this
    this.store = shared && new GuardedStore(shared.store, clock, change => this.#storeChanged(change))
    this.coherence = new Coherence(shared !== undefined, () => this.store?.isUp === false)
    this.keeper = new MarkKeeper(marks, this.coherence, this.store, clock)
    const onEvicted: ConstructorParameters<typeof MemoryTier>[0]['onEvicted'] = key =>
      this.announce('evicted', { cache: this.name, key })
    this.memory = memory && new MemoryTier({ bounds: memory, coherence: this.coherence, marks, onEvicted })
    const onInvalidated = (invalidation: Invalidation | ForeignInvalidation) => this.loads.yieldOvertaken(invalidation)
    this.here = { memory: this.memory, marks, hasStore: this.store !== undefined, watches, clock, onInvalidated }
    const fenceLifeMs = () => Math.max(shortestFenceLifeMs, 2 * this.#longestLoadMs)
    const publish = async (message: BusMessage) => this.#bus === undefined || (await this.#bus.publish(message))
    this.invalidations = new Invalidations({
      root: path,
      store: this.store,
      here: this.here,
      clock,
      publish,
      fenceLifeMs,
      onChange: ({ kind, waiting }) => this.announce('queue', { cache: this.name, change: kind, waiting }),
    })
    const storeTier =
      this.store &&
      new StoreTier({
        store: this.store,
        marks: this.keeper,
        clock,
        isBlocked: key => this.invalidations.pending.blocks(key),
      })
    this.loads = new Loads(this, report => announceLoad(report, this.name, (name, event) => this.announce(name, event)))
    this.tiers = [this.memory, storeTier].filter(tier => tier !== undefined)
    if (shared === undefined || this.store === undefined) return
    const { store } = this
    const limitMs = shared.store.writeLimitMs
    this.leases =
      shared.leases &&
      new KeyLeases({
        leases: shared.leases,
        store,
        limitMs,
        clock,
        wakeOthers: key => void publish({ kind: 'released', key }),
      })
    this.#endUse = shared.use()
    this.#closingLimitMs = 2 * limitMs
    this.#bus =
      shared.bus &&
      new BusLink({
        bus: shared.bus,
        channel: path,
        coherence: this.coherence,
        clock,
        publishLimitMs: 2 * limitMs,
        onInvalidation: invalidation => void invalidateHere(invalidation, this.here),
        onReleased: key => this.leases?.wake(key),
        onChange: change => this.#busChanged(change),
      })
    this.#bus?.open()
    store.breaker.check()
  }

  announce<Name extends keyof CacheEvents>(name: Name, event: CacheEvents[Name]): void {
    this.counts.count(name, event)
    this.events.announce(name, event)
  }

  /** Fences must outlive the longest loader. */
  noteLoaderTimeout(loaderTimeoutMs: number): void {
    if (loaderTimeoutMs > this.#longestLoadMs) this.#longestLoadMs = loaderTimeoutMs
  }

  /** @throws RepriseError `cache_closed` */
  requireOpen(): void {
    if (this.isClosed) throw closedError(this.name)
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.loads.cancelAll(closedError(this.name))
    callBegan()
    // A tier that is away must not hinder a program from ending: it is given its limit, and left.
    const inTime = (work: () => Promise<void>) => patiently(work, this.#closingLimitMs, this.clock)
    await inTime(() => this.invalidations.close())
    this.store?.close()
    await inTime(async () => this.#bus?.close())
    await inTime(async () => this.#endUse?.())
    this.memory?.clear()
    callEnded()
  }

  #storeChanged(change: BreakerChange): void {
    const of = { cache: this.name, tier: this.store?.name ?? '' }
    if (change.kind === 'opened') this.announce('tier_away', { ...of, reason: change.reason })
    else if (change.kind === 'closed') {
      this.invalidations.retryNow()
      this.announce('tier_back', { ...of, awayMs: change.awayMs })
    } else {
      this.invalidations.repeat()
      this.announce('tier_reborn', of)
    }
  }

  #busChanged(change: Parameters<ConstructorParameters<typeof BusLink>[0]['onChange']>[0]): void {
    // Whoever was cut off may have missed a restart of the store, too. The first time there was nothing to be cut off from.
    if (change.kind === 'deaf' || this.#hasListened) this.store?.breaker.check()
    this.#hasListened = true
    if (change.kind === 'deaf') this.announce('bus_deaf', { cache: this.name, reason: change.reason })
    else {
      this.invalidations.retryNow()
      this.announce('bus_listening', { cache: this.name })
    }
  }
}

export function closedError(name: string): RepriseError {
  return new RepriseError('cache_closed', `The cache ${name} was closed.`)
}
