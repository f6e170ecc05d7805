import type { Clock } from '../../base/clock.ts'
import type { CacheKey } from '../../base/key.ts'
import type { Lease, LeaseOutcome, Leases } from '../../ports/lease.ts'
import { type GuardedStore, slackMs } from '../tiers/guarded-store.ts'
import { over, patiently } from '../tiers/patience.ts'

/** A holder that died blocks a key this long. */
const leaseLifeMs = 3_000
/** Whoever waits asks again after this long at most, should the bus not wake it. */
const longestNapMs = 500

export interface HeldLease {
  readonly kind: 'held'
  /** Ends it, and wakes whoever waits for it elsewhere. */
  release(): Promise<void>
}

/** Somebody else holds it. */
export interface BusyLease {
  readonly kind: 'busy'
  readonly forMs: number
}

export interface KeyLeasesOptions {
  readonly leases: Leases
  readonly store: GuardedStore
  readonly limitMs: number
  readonly clock: Clock
  /** Tells other processes that a key's lease ended. */
  readonly wakeOthers: (key: CacheKey) => void
}

/** The right to load a key, over all processes; a little help against double work, never a reason to wait for a store that is away. */
export class KeyLeases {
  readonly #options: KeyLeasesOptions
  readonly #sleepers = new Map<CacheKey, Set<() => void>>()

  constructor(options: KeyLeasesOptions) {
    this.#options = options
  }

  /** Undefined when the lease cannot be asked for: then everybody loads. */
  async acquire(key: CacheKey): Promise<HeldLease | BusyLease | undefined> {
    const { leases, store, limitMs, clock } = this.#options
    if (!store.isUp) return undefined
    let asking: Promise<LeaseOutcome> | undefined
    const ask = () => {
      asking = leases.acquire(key, leaseLifeMs)
      return asking
    }
    const answer = await patiently(ask, limitMs + slackMs, clock)
    if (answer.kind === 'late') {
      // A lease that comes after all is not ours to keep.
      void asking?.then(late => (late.kind === 'held' ? late.lease.release() : undefined)).catch(() => undefined)
      store.breaker.trip(new Error(`${store.name} did not answer within ${limitMs} ms.`))
    }
    if (answer.kind !== 'done') return undefined
    if (answer.result.kind === 'unavailable') {
      if (answer.result.isPartial) store.breaker.watch()
      return undefined
    }
    if (answer.result.kind === 'busy') return { kind: 'busy', forMs: answer.result.leftMs }
    return this.#hold(key, answer.result.lease)
  }

  /** Sleeps until the key's lease may be free. */
  async nap(key: CacheKey, busyForMs: number, signal: AbortSignal): Promise<void> {
    const waking = new AbortController()
    const wake = () => waking.abort(over)
    const sleepers = this.#sleepers.get(key) ?? new Set()
    this.#sleepers.set(key, sleepers.add(wake))
    signal.addEventListener('abort', wake)
    await this.#options.clock.sleep(Math.min(busyForMs + 10, longestNapMs) * (0.8 + Math.random() / 5), waking.signal)
    signal.removeEventListener('abort', wake)
    sleepers.delete(wake)
    if (sleepers.size === 0) this.#sleepers.delete(key)
  }

  /** The bus told that a lease ended. */
  wake(key: CacheKey): void {
    for (const wake of this.#sleepers.get(key) ?? []) wake()
  }

  #hold(key: CacheKey, lease: Lease): HeldLease {
    const { clock, limitMs, wakeOthers } = this.#options
    const ending = new AbortController()
    void keepRenewing(lease, clock, ending.signal)
    return {
      kind: 'held',
      release: async () => {
        if (ending.signal.aborted) return
        ending.abort(over)
        const answer = await patiently(() => lease.release(), limitMs, clock)
        if (answer.kind === 'done' && answer.result === 'waited') wakeOthers(key)
      },
    }
  }
}

async function keepRenewing(lease: Lease, clock: Clock, ending: AbortSignal): Promise<void> {
  while (true) {
    await clock.sleep(leaseLifeMs / 3, ending)
    if (ending.aborted) return
    try {
      if ((await lease.renew(leaseLifeMs)) === 'lost') return
    } catch {
      // Its outcome is known at release; until then the fence protects what is written.
      return
    }
  }
}
