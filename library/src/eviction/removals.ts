import type { RemovalCause } from './memory-cache-options.ts'

type OnRemove<K, V> = (key: K, value: V, cause: RemovalCause) => void

interface Removal<K, V> {
  readonly key: K
  readonly value: V
  readonly cause: RemovalCause
}

/** Counts what left a cache, and tells of it when the change that took it is complete. */
export class Removals<K, V> {
  readonly #onRemove: OnRemove<K, V> | undefined
  readonly #counts: Record<RemovalCause, number> = { evicted: 0, expired: 0, deleted: 0, replaced: 0, cleared: 0 }
  #untold: Removal<K, V>[] = []
  #failedCallbacks = 0
  #depth = 0

  constructor(onRemove: OnRemove<K, V> | undefined) {
    this.#onRemove = onRemove
  }

  get counts(): Readonly<Record<RemovalCause, number>> {
    return { ...this.#counts }
  }

  get failedCallbacks(): number {
    return this.#failedCallbacks
  }

  /** How many callbacks are under way, one within the other. */
  get depth(): number {
    return this.#depth
  }

  /** Whether each value that leaves has to be noted by itself. */
  get areTold(): boolean {
    return this.#onRemove !== undefined
  }

  note(key: K, value: V, cause: RemovalCause): void {
    this.#counts[cause] += 1
    if (this.#onRemove !== undefined) this.#untold.push({ key, value, cause })
  }

  /** Counts values that nobody is told of. */
  count(cause: RemovalCause, amount: number): void {
    this.#counts[cause] += amount
  }

  /** Tells what was noted. What the callback removes meanwhile is told within. */
  tell(): void {
    if (this.#onRemove === undefined || this.#untold.length === 0) return
    const untold = this.#untold
    this.#untold = []
    this.#depth += 1
    for (const { key, value, cause } of untold) {
      try {
        this.#onRemove(key, value, cause)
      } catch {
        this.#failedCallbacks += 1
      }
    }
    this.#depth -= 1
  }
}
