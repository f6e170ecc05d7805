import assert from 'node:assert/strict'
import { inProcessTier } from 'reprise/memory-copies'
import { describe, it } from 'vitest'
import { rest } from '../promises/scenario.ts'
import { faultyTier } from './faulty-tier.ts'
import { faultyWorld } from './faulty-world.ts'

const world = faultyWorld()
const { cacheBefore } = world

describe('4 tags cost nothing to read', () => {
  it('4 100 hits in memory on a key of 3 tags call the store never; a first read asks for its marks with the read', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const [faulty, sound] = [faultyTier(world.clock, shared), faultyTier(world.clock, shared)]
    const [cache, other] = [await cacheBefore(faulty), await cacheBefore(sound)]
    await other.set('k', 1, { tags: ['a', 'b', 'c'] })
    assert.equal(await cache.getOrSet('k', () => 2, { tags: ['a', 'b', 'c'] }), 1)
    assert.deepEqual([faulty.calls['read'], faulty.calls['marks']], [1, 1])
    const before = { ...faulty.calls }
    for (let hit = 0; hit < 100; hit += 1) assert.equal(await cache.get('k'), 1)
    assert.deepEqual(faulty.calls, before)
  })

  it('4 a lost mark is a miss, never a revival', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const cache = await cacheBefore(faultyTier(world.clock, shared))
    await cache.set('k', 1, { tags: ['t'] })
    await shared.store.renewMarks([{ name: 'app#t:t' as never, mark: 'another' as never }], world.clock.now() + 9e6)
    world.clock.advance(2_000)
    const fresh = await cacheBefore(faultyTier(world.clock, shared))
    assert.equal(await fresh.get('k'), undefined)
    // Whoever knew the old mark takes over the new one when it meets it in an entry.
    assert.equal(await fresh.getOrSet('k', () => 2, { tags: ['t'] }), 2)
    world.clock.advance(2_000)
    assert.equal(await cache.get('k', { skipMemory: true }), 2)
  })
})

describe('the engine beside its store', () => {
  it('gathers single reads of one tick into one call', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty, { memory: false })
    await cache.setMany(Array.from({ length: 50 }, (_, index) => [index, index]))
    const reads = faulty.calls['read'] ?? 0
    const values = await Promise.all(Array.from({ length: 50 }, (_, index) => cache.get(index)))
    assert.deepEqual(values, [...values.keys()])
    assert.equal(faulty.calls['read'], reads + 1)
  })

  it('reads a corrupt, foreign or newer entry as a miss with an event, and overwrites it', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const cache = await cacheBefore(faultyTier(world.clock, shared), { memory: false })
    const reasons: string[] = []
    cache.on('entry_unreadable', ({ reason }) => reasons.push(reason))
    const foreign = [Buffer.from('{"json":1}'), Buffer.alloc(0), Buffer.from([0x52, 9, ...new Array(60).fill(0)])]
    for (const bytes of foreign) {
      const keepUntil = world.clock.now() + 9e6
      await shared.store.write([{ key: 'app:k' as never, bytes, keepUntil, fence: undefined }])
      assert.equal(await cache.get('k'), undefined)
    }
    assert.equal(reasons.length, 3)
    assert.match(reasons[2] ?? '', /format 9/)
    assert.equal(await cache.getOrSet('k', () => 'new'), 'new')
    assert.equal(await cache.get('k'), 'new')
  })

  it('ends its use of the tier when it is closed, and refuses further work', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty)
    assert.equal(faulty.uses, 1)
    const waiting = cache.getOrSet('k', () => new Promise<string>(() => {}))
    await rest()
    const refused = assert.rejects(waiting, { code: 'cache_closed' })
    await cache.close()
    await cache.close()
    await refused
    assert.equal(faulty.uses, 0)
    for (const call of [
      cache.get('k'),
      cache.getOrSet('k', () => 1),
      cache.set('k', 1),
      cache.delete('k'),
      cache.clear(),
    ]) {
      await assert.rejects(call, { code: 'cache_closed' })
    }
  })
})
