import type { CacheKey } from '../../base/key.ts'

/** Tells those who read or load a key that it was invalidated meanwhile: what they found is kept nowhere. */
export interface KeyWatch {
  readonly key: CacheKey
  isFenced: boolean
  users: number
}

/** The keys that are being read or loaded in this process; as many as there are calls under way. */
export class KeyWatches {
  readonly #watches = new Map<CacheKey, KeyWatch>()

  get size(): number {
    return this.#watches.size
  }

  begin(key: CacheKey): KeyWatch {
    const found = this.#watches.get(key)
    if (found !== undefined) {
      found.users += 1
      return found
    }
    const watch: KeyWatch = { key, isFenced: false, users: 1 }
    this.#watches.set(key, watch)
    return watch
  }

  end(watch: KeyWatch): void {
    watch.users -= 1
    // A fenced one was let go already, and another may stand in its place.
    if (watch.users === 0 && !watch.isFenced) this.#watches.delete(watch.key)
  }

  /** The key was invalidated: whoever begins from now on gets a watch of its own. */
  fence(key: CacheKey): void {
    const watch = this.#watches.get(key)
    if (watch === undefined) return
    watch.isFenced = true
    this.#watches.delete(key)
  }

  fenceMatching(matches: (key: CacheKey) => boolean): void {
    for (const key of this.#watches.keys()) if (matches(key)) this.fence(key)
  }
}
