// The doors of the engine, one after the other.
import { createCache } from 'reprise'

const cache = createCache({ name: 'app', memory: { maxBytes: '64mb' }, ttl: '1h' })
console.log(await cache.getOrSet(['user', 7], async () => 'Ada', { tags: ['users'] }))

import { redis } from 'reprise/redis'

const shared = createCache({ name: 'app', redis: redis({ url: 'redis://127.0.0.1:6379' }) })
console.log(await shared.getOrSetMany([1, 2], missing => missing.map(id => id * 10)))

import { MemoryCache } from 'reprise/memory'

const memory = new MemoryCache<string, number>({ maxEntries: 1_000, ttl: '10m' })
memory.set('a', 1)
console.log(memory.get('a'))

import { inProcessTier } from 'reprise/memory-copies'

const tier = inProcessTier()
const [left, right] = [createCache({ name: 'test', redis: tier }), createCache({ name: 'test', redis: tier })]
await left.set('a', 1)
console.log(await right.get('a'))

import Keyv from 'keyv'
import { KeyvStore } from 'reprise/keyv'

const keyv = new Keyv({ store: new KeyvStore(cache), namespace: 'users' })
await keyv.set('ann', { age: 36 }, 60_000)
console.log(await keyv.get('ann'))

import { prometheusMetrics } from 'reprise/prometheus'

const metrics = prometheusMetrics({ caches: [cache] })
await cache.get(['user', 7])
console.log((await metrics.text()).split('\n').find(line => line.startsWith('cache_hit_rate')))

import { logCache } from 'reprise/log'

const stopLogging = logCache(cache, console)
stopLogging()

metrics.close()
await Promise.all([cache, shared, left, right].map(each => each.close()))

// It prints:
// Ada
// [ 10, 20 ]
// 1
// 1
// { age: 36 }
// cache_hit_rate 100
