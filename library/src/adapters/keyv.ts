import type { Cache } from '../core/cache.ts'

/** What is asked of a cache; a namespace of one serves as well. */
export type KeyvCache = Pick<
  Cache,
  'get' | 'getMany' | 'set' | 'setMany' | 'has' | 'delete' | 'deleteMany' | 'clear'
> & { namespace(name: string): KeyvCache }

interface KeyvEntry {
  readonly key: string
  readonly value: unknown
  /** In milliseconds; without one the entry lives as long as the cache's `ttl` says. */
  readonly ttl?: number | undefined
}

/**
 * A cache as the store of a Keyv. Each Keyv gets a store of its own, as Keyv writes its namespace into it; several
 * stores may lie over one cache. Entries without a ttl live as long as the cache's own `ttl` says. Whoever made the
 * cache closes it: `keyv.disconnect()` does not.
 *
 * @example
 * const cache = createCache({ name: 'app', redis: redis({ url }) })
 * const keyv = new Keyv({ store: new KeyvStore(cache), namespace: 'users' })
 */
export class KeyvStore {
  /** Keyv reads and writes it. */
  readonly opts: Record<string, unknown> = {}
  /** Set by Keyv, which then begins every key with it and a colon. */
  namespace: string | undefined
  readonly #cache: KeyvCache

  constructor(cache: KeyvCache) {
    this.#cache = cache
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    // Keyv's caller names the type of what it once set under the key.
    return (await this.#space().get(this.#ownKey(key))) as Value | undefined
  }

  async getMany<Value>(keys: readonly string[]): Promise<(Value | undefined)[]> {
    const values = await this.#space().getMany(keys.map(key => this.#ownKey(key)))
    return values as (Value | undefined)[]
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#space().set(this.#ownKey(key), value, optionsOf(ttl))
    return true
  }

  async setMany(entries: readonly KeyvEntry[]): Promise<void> {
    const byTtl = Map.groupBy(entries, entry => entry.ttl)
    const space = this.#space()
    await Promise.all(
      [...byTtl].map(([ttl, group]) =>
        space.setMany(
          group.map(({ key, value }) => [this.#ownKey(key), value] as const),
          optionsOf(ttl),
        ),
      ),
    )
  }

  has(key: string): Promise<boolean> {
    return this.#space().has(this.#ownKey(key))
  }

  hasMany(keys: readonly string[]): Promise<boolean[]> {
    return Promise.all(keys.map(key => this.has(key)))
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#space().delete(this.#ownKey(key))).removed > 0
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    return (await this.#space().deleteMany(keys.map(key => this.#ownKey(key)))).removed > 0
  }

  /** Clears what lies under Keyv's namespace; without one the whole cache. */
  async clear(): Promise<void> {
    await this.#space().clear()
  }

  /** Keyv listens for errors here; failures reject the call instead. */
  on(): this {
    return this
  }

  /** Keyv's namespace is one of the cache, so that clearing it neither scans nor reaches beyond. */
  #space(): KeyvCache {
    return this.namespace ? this.#cache.namespace(this.namespace) : this.#cache
  }

  #ownKey(key: string): string {
    const prefix = `${this.namespace}:`
    return this.namespace && key.startsWith(prefix) ? key.slice(prefix.length) : key
  }
}

function optionsOf(ttl: number | undefined): { readonly ttl?: number } {
  return ttl === undefined ? {} : { ttl }
}
