import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { it, onTestFinished } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { startProxy, type TcpProxy } from '../../../../testbed/proxy.ts'
import { type RedisServer, startRedis } from '../../../../testbed/servers/redis.ts'
import { until } from '../promises/scenario.ts'

const run = promisify(execFile)

/** A Redis behind a proxy. */
interface Place {
  readonly server: RedisServer
  readonly proxy: TcpProxy
  cli(...args: readonly string[]): Promise<string>
}

interface Outage {
  readonly begin: (place: Place) => unknown
  readonly end: (place: Place) => unknown
  /** What a deletion meanwhile answers: some outages concern writes alone, or those of values. */
  readonly deletion: 'queued' | 'done'
}

const outages: Readonly<Record<string, Outage>> = {
  'stalled by SIGSTOP': {
    begin: ({ server }) => server.pause(),
    end: ({ server }) => server.resume(),
    deletion: 'queued',
  },
  'stalled by CLIENT PAUSE': {
    begin: ({ cli }) => cli('client', 'pause', '3000', 'all'),
    // It ends by itself.
    end: () => undefined,
    deletion: 'queued',
  },
  'killed, and restarted empty': {
    begin: ({ server }) => server.kill(),
    end: ({ server }) => server.restart({ empty: true }),
    deletion: 'queued',
  },
  'killed, and restarted with an older snapshot': {
    begin: async ({ server, cli }) => {
      await cli('save')
      await server.kill()
    },
    end: ({ server }) => server.restart(),
    deletion: 'queued',
  },
  'too slow': {
    begin: ({ proxy }) => proxy.setDelay(400),
    end: ({ proxy }) => proxy.setDelay(0),
    deletion: 'queued',
  },
  'half-open': {
    begin: ({ proxy }) => proxy.setHalfOpen(true),
    end: ({ proxy }) => proxy.setHalfOpen(false),
    deletion: 'queued',
  },
  'cut off': {
    begin: async ({ proxy }) => {
      await proxy.setRefusing(true)
      proxy.cut()
    },
    end: ({ proxy }) => proxy.setRefusing(false),
    deletion: 'queued',
  },
  'read-only': {
    begin: ({ cli }) => cli('replicaof', '127.0.0.1', '1'),
    end: ({ cli }) => cli('replicaof', 'no', 'one'),
    deletion: 'queued',
  },
  full: {
    begin: ({ cli }) => cli('config', 'set', 'maxmemory', '100000'),
    end: ({ cli }) => cli('config', 'set', 'maxmemory', '0'),
    deletion: 'done',
  },
}

async function placeOf(args: readonly string[] = []): Promise<Place> {
  const server = await startRedis({ args })
  onTestFinished(() => server.stop())
  const proxy = await startProxy(server.port)
  onTestFinished(() => proxy.stop())
  return { server, proxy, cli: async (...given) => (await run('redis-cli', ['-p', `${server.port}`, ...given])).stdout }
}

function cacheAt({ proxy }: Place): Cache {
  const cache = createCache({ name: 'app', redis: redis({ url: `redis://127.0.0.1:${proxy.port}` }), deadline: '20s' })
  onTestFinished(() => cache.close())
  return cache
}

const isSettled = (cache: Cache) => {
  const { redis: tier, bus, queued } = cache.stats()
  return tier === 'up' && bus === 'listening' && queued === 0
}

async function settledCacheAt(place: Place): Promise<Cache> {
  const cache = cacheAt(place)
  await until(() => isSettled(cache), 'Redis is reached')
  return cache
}

/** Reads go on, from memory and by loading; the first may wait for some limits, and the many after it for none. */
async function expectWork(cache: Cache): Promise<void> {
  const startedAt = performance.now()
  assert.equal(await cache.getOrSet('first', () => 'loaded'), 'loaded')
  const firstMs = performance.now() - startedAt
  for (let index = 0; index < 200; index += 1) {
    assert.equal(await cache.getOrSet(['n', index], () => index), index)
    assert.equal(await cache.get(['n', index]), index)
  }
  const restMs = performance.now() - startedAt - firstMs
  assert.ok(firstMs < 1_500 && restMs < 4_000, `${firstMs} ms, then ${restMs} ms`)
}

describeWith(['redis-server', 'redis-cli'], '2 and 5 caches while their Redis is', () => {
  for (const [name, { begin, end, deletion }] of Object.entries(outages)) {
    it(`2 5 ${name}: reads go on, what is deleted is gone for good, Redis is taken up again`, async () => {
      const place = await placeOf()
      const other = await settledCacheAt(place)
      for (const key of ['deleted', 'tagged', 'set', 'kept']) await other.set(key, 'old', { tags: [`of ${key}`] })
      // Made now, so that it does not hear of the sets once it has read.
      const cache = await settledCacheAt(place)
      assert.equal(await cache.get('kept'), 'old')
      await begin(place)
      await expectWork(cache)
      const results = [
        (await cache.delete('deleted')).redis,
        (await cache.invalidateTags(['of tagged'])).redis,
        (await cache.set('set', 'new')).redis,
      ]
      assert.deepEqual(new Set(results), new Set([deletion]))
      assert.deepEqual(await cache.getMany(['deleted', 'tagged', 'set', 'kept']), [undefined, undefined, 'new', 'old'])
      await end(place)
      await until(() => isSettled(cache) && isSettled(other), 'Redis is taken up again')
      const onlooker = await settledCacheAt(place)
      for (const reader of [cache, other, onlooker]) {
        for (const key of ['deleted', 'tagged', 'set']) {
          await until(async () => (await reader.get(key)) !== 'old', `${key} is gone`)
          assert.notEqual(await reader.get(key, { skipMemory: true }), 'old')
        }
      }
      await cache.set('back', 'again')
      assert.equal(await other.get('back', { skipMemory: true }), 'again')
    })
  }

  it('2 5 away at start: reads go on, invalidations wait, Redis is taken up when it comes', async () => {
    const place = await placeOf()
    const older = await settledCacheAt(place)
    await older.set('deleted', 'old')
    await place.proxy.setRefusing(true)
    place.proxy.cut()
    const cache = cacheAt(place)
    await expectWork(cache)
    assert.equal((await cache.delete('deleted')).redis, 'queued')
    await place.proxy.setRefusing(false)
    await until(() => isSettled(cache), 'Redis is taken up')
    assert.equal(await cache.get('deleted', { skipMemory: true }), undefined)
    await until(async () => (await older.get('deleted')) === undefined, 'the older cache hears of it')
  })

  it('2 5 full: a value that is refused takes the older one with it, before the call is answered', async () => {
    const place = await placeOf()
    const [cache, other] = [await settledCacheAt(place), await settledCacheAt(place)]
    await cache.setMany([
      ['one', 'old'],
      ['many', 'old'],
    ])
    assert.deepEqual(await other.getMany(['one', 'many']), ['old', 'old'])
    await place.cli('config', 'set', 'maxmemory', '100000')
    const onlooker = await settledCacheAt(place)
    assert.equal((await cache.set('one', 'new')).redis, 'done')
    assert.equal((await cache.setMany([['many', 'new']])).redis, 'done')
    assert.deepEqual(await onlooker.getMany(['one', 'many']), [undefined, undefined])
    await until(async () => (await other.get('one')) === undefined, 'others hear of it')
    assert.deepEqual(await cache.getMany(['one', 'many']), ['new', 'new'])
  })

  it('2 5 holding values of another program in the place of entries and marks: they are nothing, and replaced', async () => {
    const place = await placeOf()
    const cache = await settledCacheAt(place)
    await cache.set('list', 'old', { tags: ['t'] })
    await cache.set('text', 'old')
    const keys = (await place.cli('keys', 'reprise:entry:*')).trim().split('\n')
    assert.equal(keys.length, 2)
    for (const key of keys) {
      await place.cli('del', key)
      if (key.includes('list')) await place.cli('rpush', key, 'foreign')
      else await place.cli('set', key, 'foreign')
    }
    for (const mark of (await place.cli('keys', 'reprise:mark:*')).trim().split('\n')) {
      await place.cli('del', mark)
      await place.cli('hset', mark, 'foreign', '1')
    }
    const reader = await settledCacheAt(place)
    assert.deepEqual(await reader.getMany(['list', 'text']), [undefined, undefined])
    for (const key of ['list', 'text']) assert.equal(await reader.getOrSet(key, () => 'new', { tags: ['t'] }), 'new')
    const next = await settledCacheAt(place)
    assert.deepEqual(await next.getMany(['list', 'text']), ['new', 'new'])
    assert.equal((await next.delete('list')).removed, 2)
  })

  it('1 evicting: fills of loads whose slots were evicted are kept nowhere, and no deleted value comes back', async () => {
    // Tombstones end sooner than marks and the fillers, and go first.
    const place = await placeOf(['--maxmemory', '3mb', '--maxmemory-policy', 'volatile-ttl'])
    const cache = await settledCacheAt(place)
    const deaf = createCache({ name: 'app', redis: withoutBus(`redis://127.0.0.1:${place.proxy.port}`), memory: false })
    onTestFinished(() => deaf.close())
    const keys = Array.from({ length: 60 }, (_, index) => `k${index}`)
    const { promise: mayEnd, resolve: endLoads } = Promise.withResolvers<void>()
    let begun = 0
    const loads = keys.map(key =>
      deaf.getOrSet(key, async () => {
        begun += 1
        await mayEnd
        return 'old'
      }),
    )
    await until(() => begun === keys.length, 'all loads run')
    await cache.deleteMany(keys)
    const slots = keys.map(key => `reprise:entry:app:${key}`)
    const left = async () => Number(await place.cli('exists', ...slots))
    for (let round = 0; (await left()) > 20; round += 1) {
      assert.ok(round < 400, `${await left()} tombstones are still there`)
      await cache.setMany(Array.from({ length: 100 }, (_, index) => [`filler ${round} ${index}`, 'x'.repeat(3_000)]))
    }
    endLoads()
    assert.deepEqual(new Set(await Promise.all(loads)), new Set(['old']))
    const values = await cache.getMany(keys, { skipMemory: true })
    assert.ok(
      values.every(value => value === undefined),
      `${values.filter(value => value === 'old').length} came back`,
    )
  })
})

/** Invalidations of others go unheard: the store alone keeps what is old out. */
function withoutBus(url: string) {
  const { bus: _, ...tier } = redis({ url })
  return tier
}
