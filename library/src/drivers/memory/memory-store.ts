import type { Clock } from '../../base/clock.ts'
import { matchesGlob } from '../../base/glob.ts'
import type { CacheKey } from '../../base/key.ts'
import type { MarkName } from '../../base/namespace-path.ts'
import { randomMark } from '../../base/random-mark.ts'
import { type KeyFence, type Mark, noFence, type Store, type StoreLife, type StoreReading } from '../../ports/store.ts'

interface Slot {
  readonly fence: KeyFence
  /** Undefined in a tombstone. */
  readonly bytes: Uint8Array | undefined
  readonly keepUntil: number
}

export interface MemoryStoreOptions {
  readonly clock: Clock
  /** Slots and marks, each; past it those written longest ago go. */
  readonly maxSlots: number
}

const scanStep = 100

/** A store in this process's memory, for caches that share one process. It answers at once, and is never away. */
export function memoryStore({ clock, maxSlots }: MemoryStoreOptions): Store {
  const slots = new Map<CacheKey, Slot>()
  const marks = new Map<MarkName, { readonly mark: Mark; readonly keepUntil: number }>()
  const life: StoreLife = new Map([['memory-store', randomMark()]])

  function slotOf(key: CacheKey): Slot | undefined {
    const slot = slots.get(key)
    if (slot === undefined || slot.keepUntil > clock.now()) return slot
    slots.delete(key)
    return undefined
  }

  function readSlot(key: CacheKey): StoreReading {
    const slot = slotOf(key)
    if (slot?.bytes === undefined) return { kind: 'nothing', fence: slot?.fence ?? noFence }
    return { kind: 'entry', bytes: slot.bytes, fence: slot.fence }
  }

  function putMark(name: MarkName, mark: Mark, keepUntil: number): void {
    put(marks, name, { mark, keepUntil }, maxSlots)
  }

  return {
    name: 'memory-store',
    readLimitMs: 100,
    writeLimitMs: 100,
    read: async keys => keys.map(readSlot),
    fences: async (keys, keepUntil) =>
      keys.map(key => {
        const found = slotOf(key)
        if (found !== undefined) return found.fence
        const fence = newFence()
        put(slots, key, { fence, bytes: undefined, keepUntil }, maxSlots)
        return fence
      }),
    write: async writes =>
      writes.map(({ key, bytes, keepUntil, fence }) => {
        if (fence !== undefined && (slotOf(key)?.fence ?? noFence) !== fence) return { kind: 'fenced' }
        put(slots, key, { fence: fence || newFence(), bytes, keepUntil }, maxSlots)
        return { kind: 'stored' }
      }),
    remove: async (keys, keepUntil) =>
      keys.map(key => {
        const kind = slotOf(key)?.bytes === undefined ? 'absent' : 'removed'
        put(slots, key, { fence: newFence(), bytes: undefined, keepUntil }, maxSlots)
        return { kind }
      }),
    marks: async (names, keepUntil) =>
      names.map(name => {
        const found = marks.get(name)
        const isLive = found !== undefined && found.keepUntil > clock.now()
        const mark = isLive ? found.mark : (randomMark() as Mark)
        putMark(name, mark, isLive ? Math.max(found.keepUntil, keepUntil) : keepUntil)
        return mark
      }),
    renewMarks: async (renewals, keepUntil) =>
      renewals.map(({ name, mark }) => {
        putMark(name, mark, keepUntil)
        return { kind: 'renewed' }
      }),
    async *scan(glob, signal) {
      let found: CacheKey[] = []
      // As it is now: what is removed on the way moves to the end of the map, and would be met again for ever.
      for (const key of [...slots.keys()]) {
        if (!matchesGlob(glob, key)) continue
        found.push(key)
        if (found.length < scanStep) continue
        yield found
        signal?.throwIfAborted()
        found = []
      }
      yield found
    },
    life: async () => life,
  }
}

function newFence(): KeyFence {
  return randomMark() as KeyFence
}

/** Puts at the end of the map, and lets its first go past the bound. */
function put<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  for (const first of map.keys()) {
    map.delete(first)
    return
  }
}
