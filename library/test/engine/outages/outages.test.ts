import assert from 'node:assert/strict'
import { RepriseError } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'
import { describe, it } from 'vitest'
import { counting, gate, rest } from '../promises/scenario.ts'
import { faultyTier } from './faulty-tier.ts'
import { faultyWorld } from './faulty-world.ts'

const world = faultyWorld()
const { cacheBefore, pass, timed } = world

describe('2 one deadline, and a store that may be away', () => {
  for (const fault of ['stalled', 'refusing'] as const) {
    it(`2 a ${fault} store costs one read its limit, then none, and is taken up again`, async () => {
      const faulty = faultyTier(world.clock)
      const cache = await cacheBefore(faulty)
      const events: string[] = []
      cache.on('tier_away', ({ tier }) => events.push(`away ${tier}`))
      cache.on('tier_back', ({ tier }) => events.push(`back ${tier}`))
      await cache.set('k', 'kept')
      faulty.fault = fault
      const first = await timed(cache.getOrSet('a', () => 1))
      assert.ok(first.tookMs <= 130, `${first.tookMs} ms`)
      const reads = faulty.calls['read']
      for (let call = 0; call < 20; call += 1) {
        const { tookMs } = await timed(cache.getOrSet(`b${call}`, () => call))
        assert.equal(tookMs, 0)
      }
      assert.equal(faulty.calls['read'], reads)
      assert.equal(cache.stats().redis, 'away')
      // What was loaded meanwhile is served from memory.
      assert.equal(await cache.get('b19'), 19)
      faulty.fault = 'none'
      await pass(8_000, 100)
      assert.equal(cache.stats().redis, 'up')
      assert.equal(await cache.get('k', { skipMemory: true }), 'kept')
      assert.deepEqual(events, ['away faulty', 'back faulty'])
    })
  }

  it('2 a store that is away at start is a slower first read, and taken up when it comes', async () => {
    const faulty = faultyTier(world.clock)
    faulty.fault = 'stalled'
    const cache = await cacheBefore(faulty)
    assert.ok((await timed(cache.getOrSet('k', () => 1))).tookMs <= 130)
    assert.equal(await cache.get('k'), 1)
    faulty.fault = 'none'
    await pass(8_000, 100)
    await cache.set('k', 2)
    assert.equal(await cache.get('k', { skipMemory: true }), 2)
  })

  it('2 the deadline is one over reading, waiting and loading', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty, { deadline: 300 })
    faulty.fault = 'stalled'
    const hanging = cache.getOrSet('k', () => new Promise<string>(() => {}))
    hanging.catch(() => undefined)
    const startedAt = world.clock.monotonicMs()
    await assert.rejects(timed(hanging), { code: 'deadline_exceeded' })
    const tookMs = world.clock.monotonicMs() - startedAt
    assert.ok(tookMs >= 290 && tookMs <= 320, `${tookMs} ms`)
  })

  it('2 a deadline shorter than the store’s limit holds too', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty)
    faulty.fault = 'stalled'
    await assert.rejects(timed(cache.getOrSet('k', () => 1, { deadline: 30 })), { code: 'deadline_exceeded' })
  })

  it('2 a loader past its time fails its callers and is told by its signal', async () => {
    const cache = await cacheBefore(undefined, { loaderTimeout: '2s' })
    const { promise: signalled, resolve } = gate<unknown>()
    const hanging = cache.getOrSet('k', ({ signal }) => {
      signal.addEventListener('abort', () => resolve(signal.reason))
      return new Promise<string>(() => {})
    })
    await assert.rejects(timed(hanging), { code: 'load_timeout' })
    assert.ok((await signalled) instanceof RepriseError)
    assert.equal(await cache.getOrSet('k', () => 'next'), 'next')
  })

  it('2 waiting for another process’s lease ends with the deadline, and with the lease of a holder that died', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const faulty = faultyTier(world.clock, shared)
    const cache = await cacheBefore(faulty)
    const held = await shared.leases?.acquire('app:k' as never, 3_000)
    assert.equal(held?.kind, 'held')
    const load = counting()
    await assert.rejects(timed(cache.getOrSet('k', load, { deadline: 1_000 })), { code: 'deadline_exceeded' })
    const { result, tookMs } = await timed(cache.getOrSet('k', load))
    assert.equal(result, 'v1')
    assert.ok(tookMs <= 2_600, `${tookMs} ms`)
  })
})

describe('5 coherent memory while the bus or the store is away', () => {
  it('5 older memory serves for partitionGrace, younger is dropped when the bus listens again', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const [faulty, sound] = [faultyTier(world.clock, shared), faultyTier(world.clock, shared)]
    const [cache, other] = [await cacheBefore(faulty), await cacheBefore(sound)]
    await cache.set('older', 1)
    faulty.deafen()
    faulty.fault = 'refusing'
    await rest()
    await cache.getOrSet('younger', () => 'made while away')
    await other.delete('older')
    await other.set('younger', 'set elsewhere')
    world.clock.advance(4_900)
    assert.equal(await cache.get('older'), 1)
    world.clock.advance(200)
    assert.equal(await cache.get('older'), undefined)
    world.clock.advance(60_000)
    assert.equal(await cache.get('younger'), 'made while away')
    faulty.fault = 'none'
    faulty.heal()
    await pass(8_000, 100)
    assert.equal(await cache.get('younger'), 'set elsewhere')
  })

  it('5 with the store at hand a deaf process asks it again after partitionGrace', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const [faulty, sound] = [faultyTier(world.clock, shared), faultyTier(world.clock, shared)]
    const [cache, other] = [await cacheBefore(faulty), await cacheBefore(sound)]
    faulty.deafen()
    await rest()
    await cache.getOrSet('k', () => 'old', { tags: ['t'] })
    await other.invalidateTags(['t'])
    await other.set('k', 'new', { tags: ['t'] })
    world.clock.advance(5_100)
    assert.equal(await cache.get('k'), 'new')
  })

  it('5 an invalidation while the store is away is queued, believed here at once, and carried out when it is back', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const [faulty, sound] = [faultyTier(world.clock, shared), faultyTier(world.clock, shared)]
    const [cache, other] = [await cacheBefore(faulty), await cacheBefore(sound)]
    for (const key of ['deleted', 'tagged', 'user:1', 'set']) await cache.set(key, 'old', { tags: [`of ${key}`] })
    faulty.fault = 'refusing'
    const results = [
      await cache.delete('deleted'),
      await cache.invalidateTags(['of tagged']),
      await cache.invalidatePattern('user:*'),
      await cache.set('set', 'new'),
    ]
    assert.deepEqual(new Set(results.map(({ redis }) => redis)), new Set(['queued']))
    assert.deepEqual(await cache.getMany(['deleted', 'tagged', 'user:1', 'set']), [
      undefined,
      undefined,
      undefined,
      'new',
    ])
    assert.ok(cache.stats().queued >= 4)
    faulty.fault = 'none'
    await pass(8_000, 100)
    assert.equal(cache.stats().queued, 0)
    assert.deepEqual(await other.getMany(['deleted', 'tagged', 'user:1', 'set']), [
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    assert.deepEqual(await cache.getMany(['deleted', 'tagged', 'user:1', 'set'], { skipMemory: true }), [
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('5 what cannot be deleted in a full store is not read from it', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty)
    await cache.set('k', 'old')
    faulty.fault = 'full'
    assert.equal((await cache.delete('k')).redis, 'queued')
    assert.equal(await cache.get('k'), undefined)
    assert.equal(await cache.getOrSet('k', () => 'new'), 'new')
    assert.equal(await cache.get('k', { skipMemory: true }), undefined)
    faulty.fault = 'none'
    await pass(8_000, 100)
    assert.equal(await cache.get('k', { skipMemory: true }), undefined)
    assert.equal(cache.stats().queued, 0)
  })

  it('5 too many queued invalidations become one of everything', async () => {
    const faulty = faultyTier(world.clock)
    const cache = await cacheBefore(faulty)
    const changes: string[] = []
    cache.on('queue', ({ change }) => changes.push(change))
    await cache.set('bystander', 1)
    faulty.fault = 'refusing'
    await cache.deleteMany(Array.from({ length: 10_001 }, (_, index) => index))
    assert.ok(cache.stats().queued < 10)
    assert.equal(await cache.get('bystander'), undefined)
    faulty.fault = 'none'
    await pass(8_000, 100)
    assert.deepEqual(changes, ['overflowed', 'carried_out'])
    assert.equal(await cache.get('bystander', { skipMemory: true }), undefined)
  })

  it('5 a store that comes back in an older state revives nothing that was invalidated lately', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const snapshot = inProcessTier({ clock: world.clock })
    const faulty = faultyTier(world.clock, shared)
    const cache = await cacheBefore(faulty)
    await cache.set('deleted', 'old')
    await cache.set('tagged', 'old', { tags: ['t'] })
    await cache.set('kept', 'kept')
    // The snapshot holds what the store held so far.
    const keys = ['app:deleted', 'app:tagged', 'app:kept'] as never[]
    const now = world.clock.now()
    for (const [index, reading] of (await shared.store.read(keys)).entries()) {
      if (reading.kind !== 'entry') assert.fail(reading.kind)
      await snapshot.store.write([
        { key: keys[index] as never, bytes: reading.bytes, keepUntil: now + 9e6, fence: undefined },
      ])
    }
    const names = ['app', 'app#t:t'] as never[]
    const marks = await shared.store.marks(names, now + 9e6)
    await snapshot.store.renewMarks(
      names.map((name, index) => ({ name, mark: marks[index] as never })),
      now + 9e6,
    )
    await cache.delete('deleted')
    await cache.invalidateTags(['t'])
    faulty.deafen()
    faulty.rebirth(snapshot.store)
    faulty.heal()
    await pass(3_000, 100)
    assert.deepEqual(await cache.getMany(['deleted', 'tagged', 'kept'], { skipMemory: true }), [
      undefined,
      undefined,
      'kept',
    ])
  })

  it('5 queued invalidations that a part of the store does not take hold up no others', async () => {
    const shared = inProcessTier({ clock: world.clock })
    const [faulty, sound] = [faultyTier(world.clock, shared), faultyTier(world.clock, shared)]
    const [cache, other] = [await cacheBefore(faulty), await cacheBefore(sound)]
    for (const key of ['dead', 'sound']) await cache.set(key, 'old')
    faulty.fault = 'refusing'
    for (const key of ['dead', 'sound']) assert.equal((await cache.delete(key)).redis, 'queued')
    faulty.isInDeadPart = key => key.includes('dead')
    faulty.fault = 'none'
    await pass(8_000, 100)
    assert.equal(cache.stats().queued, 1)
    assert.equal(await other.get('sound', { skipMemory: true }), undefined)
    assert.equal(await cache.get('dead'), undefined)
    faulty.isInDeadPart = () => false
    await pass(2_000, 100)
    assert.equal(cache.stats().queued, 0)
    assert.equal(await other.get('dead', { skipMemory: true }), undefined)
  })
})
