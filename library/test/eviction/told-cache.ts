import { MemoryCache, type MemoryCacheOptions, type RemovalCause } from 'reprise/memory'

export type Removal = readonly [key: string, value: unknown, cause: RemovalCause]

/** A clock that the test sets, and that counts how often it was asked. */
export function clockAt(start: number) {
  let nowMs = start
  let asked = 0
  return {
    now: () => {
      asked += 1
      return nowMs
    },
    advance: (byMs: number) => {
      nowMs += byMs
    },
    get asked() {
      return asked
    },
  }
}

/** A cache, and what it tells of its removals. */
export function told(options: MemoryCacheOptions<string, unknown>) {
  const removals: Removal[] = []
  const onRemove = (key: string, value: unknown, cause: RemovalCause) => removals.push([key, value, cause])
  return { cache: new MemoryCache<string, unknown>({ ...options, onRemove }), removals }
}
