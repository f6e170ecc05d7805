/** Something that not every cache has. A scenario that needs it is not applicable to those without. */
export type Ability =
  | 'loads'
  | 'Redis'
  | 'Redis Cluster'
  | 'memory before Redis'
  | 'tags'
  | 'clear'
  | 'deleteMany'
  | 'namespaces'
  | 'a bound in bytes'

/** A cache as the scenarios see it: what a library calls by its own names. A method is left out where it has none. */
export interface CacheUnderTest {
  /** Undefined is a miss. */
  get(key: string): Promise<unknown>
  set(key: string, value: unknown, tags?: readonly string[]): Promise<unknown>
  /** Reads, or loads and keeps. */
  load?(key: string, loader: () => Promise<unknown>, tags?: readonly string[]): Promise<unknown>
  delete(key: string): Promise<unknown>
  deleteMany?(keys: readonly string[]): Promise<unknown>
  clear?(): Promise<unknown>
  invalidateTags?(tags: readonly string[]): Promise<unknown>
  namespace?(name: string): CacheUnderTest
  close(): Promise<unknown>
}

/** How a scenario wants the cache to be set up. */
export interface Setting {
  /** Entries live much longer than any scenario. Default: memory alone. */
  readonly redis?:
    | { readonly kind: 'server'; readonly port: number }
    | { readonly kind: 'cluster'; readonly ports: readonly number[] }
  /** How long a read that goes on without Redis may take, where the library can be told. */
  readonly deadlineMs?: number
  readonly maxEntries?: number
  readonly maxBytes?: number
}

/** One library, set up as its own documentation recommends for the case. */
export interface Library {
  readonly name: string
  readonly abilities: ReadonlySet<Ability>
  open(setting: Setting): Promise<CacheUnderTest>
}

export const defaultEntries = 300_000
export const ttlMs = 3_600_000
