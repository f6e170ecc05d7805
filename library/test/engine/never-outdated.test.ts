import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { type Cache, createCache, type InvalidationResult, type SharedTier, type Store } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'
import { describe, it } from 'vitest'

/** A small generator of numbers (mulberry32), so that a failing run can be played again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A shared tier whose calls take a random number of turns, on the way there and on the way back. */
function slowTier(dice: () => number): SharedTier {
  const tier = inProcessTier()
  const dawdle = async () => {
    for (let turns = Math.floor(dice() * 4); turns > 0; turns -= 1) await turn()
  }
  const slowly = <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) => {
    return async (...args: Args): Promise<Result> => {
      await dawdle()
      const result = await call(...args)
      await dawdle()
      return result
    }
  }
  const { store } = tier
  const slow: Store = {
    ...store,
    read: slowly(store.read),
    fences: slowly(store.fences),
    write: slowly(store.write),
    remove: slowly(store.remove),
    marks: slowly(store.marks),
    renewMarks: slowly(store.renewMarks),
  }
  return { ...tier, store: slow }
}

type Way = (cache: Cache, key: string) => Promise<InvalidationResult>

const ways: readonly Way[] = [
  (cache, key) => cache.delete(key),
  (cache, key) => cache.invalidateTags([`of ${key}`]),
  cache => cache.invalidateTags(['all']),
  cache => cache.clear(),
]
/** A pattern may pass by what another process writes just behind its scan, which is then taken back a little later. */
const waysInMemory: readonly Way[] = [...ways, (cache, key) => cache.invalidatePattern(`${key}*`)]

/** Readers and writers at random: a read that begins after an invalidation was acknowledged never gets what was true before it. */
async function play(seed: number, caches: readonly Cache[], invalidate: readonly Way[]): Promise<number> {
  const dice = random(seed)
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(dice() * items.length)] as Item
  const keys = ['a', 'b', 'c']
  const truth = new Map(keys.map(key => [key, 0]))
  const acknowledged = new Map(keys.map(key => [key, 0]))
  let reads = 0

  const read = async () => {
    const [cache, key] = [pick(caches), pick(keys)]
    const least = acknowledged.get(key) ?? 0
    const load = async () => {
      const version = truth.get(key) ?? 0
      for (let turns = Math.floor(dice() * 6); turns > 0; turns -= 1) await turn()
      return { version }
    }
    const got =
      dice() < 0.7
        ? await cache.getOrSet(key, load, { tags: ['all', `of ${key}`] })
        : await cache.get<{ version: number }>(key)
    reads += 1
    if (got !== undefined) assert.ok(got.version >= least, `seed ${seed}: ${key} is ${got.version}, but was ${least}`)
  }
  const write = async () => {
    const [cache, key] = [pick(caches), pick(keys)]
    const version = (truth.get(key) ?? 0) + 1
    truth.set(key, version)
    const { redis } = await pick(invalidate)(cache, key)
    // On a busy machine a call may take too long: then others do not know of it yet.
    if (redis !== 'queued') acknowledged.set(key, Math.max(version, acknowledged.get(key) ?? 0))
  }
  const work = async () => {
    for (let step = 0; step < 60; step += 1) {
      await (dice() < 0.8 ? read() : write())
      if (dice() < 0.2) await turn()
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  return reads
}

describe('1 nothing outdated is served after an acknowledged invalidation', () => {
  it('1 in one process, memory alone, 40 random runs', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const cache = createCache({ name: 'app' })
      assert.ok((await play(seed, [cache.namespace('n'), cache.namespace('n')], waysInMemory)) > 200)
      await cache.close()
    }
  })

  it('1 in three processes before a slow shared tier, 40 random runs', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const tier = slowTier(random(seed * 7919))
      const caches = [1, 2, 3].map(() => createCache({ name: 'app', redis: tier }))
      await turn()
      assert.ok((await play(seed, caches, ways)) > 200)
      for (const cache of caches) await cache.close()
    }
  })
})
