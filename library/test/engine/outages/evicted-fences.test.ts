import assert from 'node:assert/strict'
import { type Cache, createCache, type SharedTier } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'
import { describe, it } from 'vitest'
import { manualClock } from '../../embedded/manual-clock.ts'
import { gate, rest, until } from '../promises/scenario.ts'

/** One cache that hears of no invalidation beside one that makes them, before a shared tier with room for a single key. */
function forgetfulWorld() {
  const clock = manualClock()
  const shared = inProcessTier({ clock, maxEntries: 1 })
  const { bus: _, ...unheard }: SharedTier = shared
  const cacheOf = (redis: SharedTier) => createCache({ name: 'app', clock, redis, ttl: '1m', grace: '1h' })
  return { clock, deaf: cacheOf(unheard), other: cacheOf(shared), onlooker: cacheOf(shared) }
}

function slowLoad(cache: Cache, value: string) {
  const { promise: started, resolve: start } = gate()
  const { promise: mayEnd, resolve: end } = gate()
  const load = async () => {
    start()
    await mayEnd
    return value
  }
  return { started, end, loaded: cache.getOrSet('k', load) }
}

describe('1 fenced fills before a store that evicts', () => {
  it('1 a fill from before a deletion stays out, though the tombstone was evicted', async () => {
    const { deaf, other, onlooker } = forgetfulWorld()
    const slow = slowLoad(deaf, 'old')
    await slow.started
    await other.delete('k')
    await other.set('filler', 1)
    slow.end()
    assert.equal(await slow.loaded, 'old')
    await rest()
    assert.equal(await onlooker.get('k'), undefined)
    assert.equal(await onlooker.getOrSet('k', () => 'new'), 'new')
  })

  it('1 a refresh from before a deletion stays out, though entry and tombstone were evicted', async () => {
    const { clock, deaf, other, onlooker } = forgetfulWorld()
    await deaf.getOrSet('k', () => 'older')
    clock.advance(61_000)
    const slow = slowLoad(deaf, 'old')
    assert.equal(await slow.loaded, 'older')
    await slow.started
    await other.delete('k')
    await other.set('filler', 1)
    slow.end()
    await until(() => deaf.stats().loads === 2, 'the refresh')
    assert.equal(await onlooker.get('k'), undefined)
  })

  it('1 a slot that was evicted under a load is filled by the next one', async () => {
    const { deaf, other, onlooker } = forgetfulWorld()
    const slow = slowLoad(deaf, 'true all the time')
    await slow.started
    await other.set('filler', 1)
    slow.end()
    assert.equal(await slow.loaded, 'true all the time')
    assert.equal(await onlooker.getOrSet('k', () => 'loaded again'), 'loaded again')
    assert.equal(await other.get('k'), 'loaded again')
  })
})
