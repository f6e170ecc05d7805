import assert from 'node:assert/strict'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { afterAll, beforeAll, it } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { type RedisCluster, startRedisCluster } from '../../../../testbed/servers/redis-cluster.ts'
import { ask, nodesSeenBy } from '../../redis-tier/cluster-cli.ts'
import { until } from '../promises/scenario.ts'

describeWith(['redis-server', 'redis-cli'], 'B3 a Redis Cluster of which a part is away', () => {
  let cluster: RedisCluster
  let caches: Cache[] = []
  let names = 0
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster?.stop())

  async function cacheOf(name: string): Promise<Cache> {
    const cache = createCache({ name, redis: redis({ cluster: cluster.addresses.split(',') }) })
    caches.push(cache)
    await until(() => cache.stats().bus === 'listening' && cache.stats().redis === 'up', 'the cluster is reached')
    return cache
  }

  /** A master that has neither the bus of this cache nor the mark of its namespace, and keys that it and others have. */
  async function scene() {
    names += 1
    const name = `part${names}`
    const port = cluster.nodes[0]?.port ?? 0
    const masters = (await nodesSeenBy(port)).filter(({ isMaster }) => isMaster)
    const ownerOf = async (key: string) => {
      const slot = Number(await ask(port, 'cluster', 'keyslot', key))
      return masters.find(({ slots }) =>
        slots.some(range => {
          const [from = 0, to = from] = range.split('-').map(Number)
          return from <= slot && slot <= to
        }),
      )?.port
    }
    const needed = new Set([await ownerOf(`reprise:bus:${name}`), await ownerOf(`reprise:mark:${name}`)])
    const victim = masters.find(master => !needed.has(master.port))?.port
    const keys = { away: [] as string[], there: [] as string[] }
    for (let index = 0; keys.away.length < 5 || keys.there.length < 5; index += 1) {
      const key = `k${index}`
      // A key's lease lies elsewhere than its entry; here both are on one side.
      const owners = [await ownerOf(`reprise:entry:${name}:${key}`), await ownerOf(`reprise:lease:${name}:${key}`)]
      if (owners.every(owner => owner === victim)) keys.away.push(key)
      else if (owners.every(owner => owner !== victim)) keys.there.push(key)
    }
    const server = cluster.nodes.find(node => node.port === victim)
    assert.ok(server !== undefined)
    return { name, server, ...keys }
  }

  async function play(work: (parts: Awaited<ReturnType<typeof scene>>) => Promise<void>): Promise<void> {
    const parts = await scene()
    try {
      await work(parts)
    } finally {
      parts.server.resume()
      for (const cache of caches) await cache.close()
      caches = []
    }
  }

  it('B3 single reads of keys of a master that is away leave out nobody else’s keys', () =>
    play(async ({ name, server, away, there }) => {
      const [cache, other] = [await cacheOf(name), await cacheOf(name)]
      const changes: string[] = []
      cache.on('tier_away', () => changes.push('away'))
      for (const key of [...away, ...there]) await other.set(key, `kept ${key}`)
      server.pause()
      for (const key of away) {
        assert.equal(await cache.get(key), undefined)
        assert.equal(await cache.getOrSet(key, () => 'loaded'), 'loaded')
        assert.equal(cache.stats().redis, 'up')
      }
      for (const key of there) {
        assert.equal(await cache.get(key), `kept ${key}`)
        assert.equal((await cache.delete(key)).redis, 'done')
        assert.equal(await cache.getOrSet(key, () => 'new'), 'new')
        assert.equal(await other.get(key, { skipMemory: true }), 'new')
      }
      assert.deepEqual(changes, [])
    }))

  it('B3 invalidations of keys of a master that is away hold up nobody else’s, and are carried out when it is back', () =>
    play(async ({ name, server, away, there }) => {
      const [cache, other] = [await cacheOf(name), await cacheOf(name)]
      const key = there[0] ?? ''
      for (const each of [...away, key]) await other.set(each, 'old')
      server.pause()
      // The first of them takes its limit; then they wait, before one that only the bus could not be told of.
      for (const each of away) assert.equal((await cache.delete(each)).redis, 'queued')
      const [queued] = await Promise.all([cache.delete(away[0] ?? ''), cache.delete(key)])
      assert.equal(queued.redis, 'queued')
      assert.equal(await other.get(key, { skipMemory: true }), undefined)
      server.resume()
      await until(() => cache.stats().queued === 0, 'all are carried out')
      for (const each of away) assert.equal(await other.get(each, { skipMemory: true }), undefined)
    }))

  it('B3 a master that comes back with an older snapshot revives nothing that was deleted lately', () =>
    play(async ({ name, server, away }) => {
      const [cache, other] = [await cacheOf(name), await cacheOf(name)]
      let reborn = 0
      cache.on('tier_reborn', () => {
        reborn += 1
      })
      for (const key of away) await cache.set(key, 'old')
      await ask(server.port, 'save')
      for (const key of away) assert.equal((await cache.delete(key)).redis, 'done')
      await server.restart()
      // Nobody asked anything of it meanwhile.
      await until(() => reborn > 0, 'the restart is noticed')
      await until(() => cache.stats().queued === 0, 'all are carried out again')
      for (const key of away) assert.equal(await other.get(key, { skipMemory: true }), undefined)
    }))
})
