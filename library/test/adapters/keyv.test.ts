import keyvTestSuite from '@keyv/test-suite'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import { type Cache, createCache } from 'reprise'
import { KeyvStore } from 'reprise/keyv'
import { redis } from 'reprise/redis'
import * as vitest from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { connected } from './connected.ts'

const { afterAll, beforeAll, describe, expect, test } = vitest

describe('reprise/keyv over memory', () => {
  const cache = createCache({ name: 'keyv' })
  afterAll(() => cache.close())
  keyvTestSuite(vitest, Keyv, () => new KeyvStore(cache))

  test('is what Keyv takes as a store', () => {
    const store: KeyvStoreAdapter = new KeyvStore(cache)
    expect(store.namespace).toBeUndefined()
  })

  test('many keys are set, asked for and deleted together, each with its own ttl', async () => {
    const keyv = new Keyv({ store: new KeyvStore(cache), namespace: 'many' })
    await keyv.setMany([
      { key: 'a', value: 1, ttl: 60_000 },
      { key: 'b', value: 2 },
    ])
    expect(await keyv.getMany(['a', 'b', 'c'])).toEqual([1, 2, undefined])
    expect(await keyv.hasMany(['a', 'c'])).toEqual([true, false])
    expect(await keyv.deleteMany(['a', 'b'])).toBe(true)
    expect(await keyv.deleteMany(['a', 'b'])).toBe(false)
  })

  test('an entry ends with its ttl', async () => {
    const keyv = new Keyv({ store: new KeyvStore(cache), namespace: 'ttl' })
    await keyv.set('key', 'value', 30)
    expect(await keyv.get('key')).toBe('value')
    await expect.poll(() => keyv.get('key')).toBeUndefined()
  })

  test('without a serializer of Keyv rich values come back as they were', async () => {
    const keyv = new Keyv({ store: new KeyvStore(cache), namespace: 'rich' })
    keyv.serialize = undefined
    keyv.deserialize = undefined
    const value = { at: new Date(0), map: new Map([['a', 1]]), bytes: new Uint8Array([1, 2]) }
    await keyv.set('key', value)
    expect(await keyv.get('key')).toEqual(value)
  })

  test('a key cannot reach into another namespace', async () => {
    const one = new Keyv({ store: new KeyvStore(cache), namespace: 'one' })
    const other = new Keyv({ store: new KeyvStore(cache), namespace: 'one:two' })
    await one.set('two:key', 'of one')
    await other.set('key', 'of the other')
    expect(await one.get('two:key')).toBe('of one')
    expect(await other.get('key')).toBe('of the other')
    await one.clear()
    expect(await other.get('key')).toBe('of the other')
  })
})

describeWith(['redis-server'], 'reprise/keyv over Redis', () => {
  let server: RedisServer
  let cache: Cache
  beforeAll(async () => {
    server = await startRedis()
    cache = createCache({ name: 'keyv', memory: false, redis: redis({ url: server.url }) })
    await connected(cache)
  })
  afterAll(async () => {
    await cache.close()
    await server.stop()
  })
  keyvTestSuite(vitest, Keyv, () => new KeyvStore(cache))
})
