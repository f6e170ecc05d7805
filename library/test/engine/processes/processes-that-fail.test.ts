import assert from 'node:assert/strict'
import type { Cache } from 'reprise'
import { afterAll, beforeAll, it, onTestFinished } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../../testbed/servers/redis.ts'
import { counting, gate, until } from '../promises/scenario.ts'
import { remoteCache } from './remote-cache.ts'
import { RemoteProcess } from './remote-process.ts'

describeWith(['redis-server'], '3 processes that load, stop and die', () => {
  let server: RedisServer
  let names = 0
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  /** A cache in each of some new processes. */
  async function cachesIn(count: number) {
    names += 1
    const name = `failing ${names}`
    return Promise.all(
      Array.from({ length: count }, async () => {
        const process = new RemoteProcess(server.url, Date.now())
        onTestFinished(() => process.end())
        await process.make(1, { name })
        return { process, cache: remoteCache(process, { cache: 1, namespaces: [] }) }
      }),
    )
  }

  function slowLoad(cache: Cache, value: string) {
    const { promise: started, resolve: start } = gate()
    const { promise: mayEnd, resolve: end } = gate()
    const loaded = cache.getOrSet('k', async () => {
      start()
      await mayEnd
      return value
    })
    return { started, end, loaded }
  }

  it('3 a stampede of 4 processes with 2,500 callers each runs the loader once', async () => {
    const parts = await cachesIn(4)
    const load = counting()
    const slow = async () => {
      const value = await load()
      await new Promise(resolve => setTimeout(resolve, 100))
      return value
    }
    const calls = parts.flatMap(({ cache }) => Array.from({ length: 2_500 }, () => cache.getOrSet('cold', slow)))
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(['v1']))
    assert.equal(load.runs, 1)
  })

  it('3 a process that is killed while it loads keeps the others waiting no longer than its lease lasts', async () => {
    const [one, other] = await cachesIn(2)
    assert.ok(one !== undefined && other !== undefined)
    const slow = slowLoad(one.cache, 'never')
    await slow.started
    const startedAt = performance.now()
    const waiting = other.cache.getOrSet('k', () => 'loaded by the other')
    await one.process.end()
    // Only the time of the process may pass: its clock is the test's.
    const passing = setInterval(() => void other.process.request({ kind: 'advance', ms: 100 }), 100)
    onTestFinished(() => clearInterval(passing))
    assert.equal(await waiting, 'loaded by the other')
    assert.ok(performance.now() - startedAt < 6_000, `${performance.now() - startedAt} ms`)
  })

  it('1 a process that was stopped in the middle of a load fills nothing with what became untrue meanwhile', async () => {
    const [one, other] = await cachesIn(2)
    assert.ok(one !== undefined && other !== undefined)
    const slow = slowLoad(one.cache, 'old')
    await slow.started
    one.process.pause()
    slow.end()
    assert.equal((await other.cache.delete('k')).redis, 'done')
    await other.cache.set('k', 'new')
    one.process.resume()
    assert.equal(await slow.loaded, 'old')
    assert.equal(await other.cache.get('k', { skipMemory: true }), 'new')
    await until(async () => (await one.cache.get('k')) === 'new', 'it hears what it missed')
  })

  it('5 what a process deleted in its last moment is gone for the others', async () => {
    const [one, other] = await cachesIn(2)
    assert.ok(one !== undefined && other !== undefined)
    await other.cache.set('k', 'old')
    await until(async () => (await one.cache.get('k')) === 'old', 'the value arrives')
    assert.equal((await one.cache.delete('k')).redis, 'done')
    await one.process.end()
    await until(async () => (await other.cache.get('k')) === undefined, 'the other hears of it')
  })
})
