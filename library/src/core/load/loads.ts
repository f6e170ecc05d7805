import type { CacheKey } from '../../base/key.ts'
import { RepriseError } from '../../base/reprise-error.ts'
import { TransientMap } from '../../base/transient-map.ts'
import type { ForeignInvalidation, Invalidation } from '../invalidation/invalidation.ts'
import type { EngineParts } from './engine-parts.ts'
import { Load, type LoadReport, type LoadRequest } from './load.ts'

/** More keys than this are not loaded at a time. */
const mostLoads = 100_000
/** Refreshes that nobody waits for; past it the stale or soon stale value is served without one. */
const mostRefreshes = 1_000

/** The loads under way, one a key: shared by all namespaces of a cache, however often they are made anew. */
export class Loads {
  readonly #loads = new TransientMap<CacheKey, Load>()
  readonly #parts: EngineParts
  readonly #onDone: (report: LoadReport) => void
  #refreshes = 0

  constructor(parts: EngineParts, onDone: (report: LoadReport) => void) {
    this.#parts = parts
    this.#onDone = onDone
  }

  get size(): number {
    return this.#loads.size
  }

  /** A load of the key that began after its last invalidation. */
  find(key: CacheKey): Load | undefined {
    const load = this.#loads.get(key)
    return load?.isCurrent ? load : undefined
  }

  /**
   * Begins a load; one of the same key that was overtaken by an invalidation goes on for those who wait for it.
   * @throws RepriseError `overloaded`
   */
  begin(request: LoadRequest): Load {
    if (this.#loads.size >= mostLoads) {
      throw new RepriseError('overloaded', `${mostLoads} keys are being loaded already; try again a little later.`, {
        retryAfterSeconds: 1,
      })
    }
    this.#loads.get(request.key)?.yieldLease()
    const load = new Load(request, this.#parts, report => {
      if (this.#loads.get(request.key) === load) this.#loads.delete(request.key)
      this.#onDone(report)
    })
    this.#loads.set(request.key, load)
    return load
  }

  /** Begins a load that nobody waits for, if none is under way. */
  refresh(request: LoadRequest): void {
    if (this.#refreshes >= mostRefreshes || this.#loads.size >= mostLoads) return
    if (this.find(request.key) !== undefined) return
    this.#refreshes += 1
    void this.begin(request).done.then(() => {
      this.#refreshes -= 1
    })
  }

  /** Something was invalidated, here or elsewhere: loads that it overtook hinder no newer ones. */
  yieldOvertaken(invalidation: Invalidation | ForeignInvalidation): void {
    const loads =
      invalidation.kind === 'keys' ? invalidation.keys.map(key => this.#loads.get(key)) : this.#loads.values()
    for (const load of loads) if (load?.isCurrent === false) load.yieldLease()
  }

  cancelAll(reason: Error): void {
    for (const load of this.#loads.values()) load.cancel(reason)
  }
}
