import { type CacheKey, cacheKey, type Key, type KeyPrefix } from '../../base/key.ts'

const mostKnown = 4_096
/** How many keys go unremembered after remembering did not pay. */
const restAfterLoss = 65_536

/**
 * Reads keys, and remembers texts read lately: a program that holds its keys gets them back for half the price (110
 * instead of 185 ns for a hit in memory). Where most texts are new ones, remembering costs more than it saves, and rests.
 */
export class KnownKeys {
  readonly #prefix: KeyPrefix
  readonly #known = new Map<Key, CacheKey>()
  #found = 0
  #resting = 0

  constructor(prefix: KeyPrefix) {
    this.#prefix = prefix
  }

  /** @throws RepriseError `invalid_key` */
  read(key: Key): CacheKey {
    if (this.#resting > 0) {
      this.#resting -= 1
      return cacheKey(this.#prefix, key)
    }
    const known = this.#known.get(key)
    if (known !== undefined) {
      this.#found += 1
      return known
    }
    const cached = cacheKey(this.#prefix, key)
    if (typeof key === 'string') this.#remember(key, cached)
    return cached
  }

  #remember(key: string, cached: CacheKey): void {
    if (this.#known.size >= mostKnown) {
      this.#known.clear()
      if (this.#found < mostKnown) this.#resting = restAfterLoss
      this.#found = 0
    }
    this.#known.set(key, cached)
  }
}
