import { registerCacheDriverTestSuite } from 'bentocache/test_suite'
import type { CacheDriverOptions } from 'bentocache/types'
import { type Cache, createCache } from 'reprise'
import { redis } from 'reprise/redis'
import { afterAll, afterEach, assert, beforeAll, describe, test } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { bentocacheDriver } from './bentocache-driver.ts'
import { connected } from './connected.ts'

type End = () => unknown

/** The suite is written for another runner; these are the few words of it that it speaks. */
const group = {
  setup: (start: () => Promise<End>) => {
    let end: End | undefined
    beforeAll(async () => {
      end = await start()
    })
    afterAll(async () => {
      await end?.()
    })
  },
  tap: () => {},
  each: {
    teardown: (end: End) =>
      afterEach(async () => {
        await end()
      }),
  },
}

interface Scene {
  readonly assert: typeof assert
  readonly cleanup: (end: End) => void
}

function testOfGroup(title: string, play: (scene: Scene) => Promise<void>): void {
  test(title, async () => {
    const ends: End[] = []
    try {
      await play({ assert, cleanup: end => ends.push(end) })
    } finally {
      for (const end of ends) await end()
    }
  })
}

function registerSuite(cacheOf: () => Cache): void {
  registerCacheDriverTestSuite({
    test: testOfGroup,
    group,
    createDriver: ({ prefix = 'without prefix' }: CacheDriverOptions = {}) =>
      bentocacheDriver(cacheOf().namespace(prefix)),
  })
}

describe("bentocache's driver suite over memory", () => {
  const cache = createCache({ name: 'bento' })
  afterAll(() => cache.close())
  registerSuite(() => cache)
})

describeWith(['redis-server'], "bentocache's driver suite over Redis", () => {
  let server: RedisServer
  let caches: readonly Cache[] = []
  beforeAll(async () => {
    server = await startRedis()
    const tier = redis({ url: server.url })
    caches = [createCache({ name: 'both', redis: tier }), createCache({ name: 'redis', memory: false, redis: tier })]
    for (const cache of caches) await connected(cache)
  })
  afterAll(async () => {
    await Promise.all(caches.map(cache => cache.close()))
    await server.stop()
  })
  const cacheAt = (index: number) => {
    const cache = caches[index]
    if (cache === undefined) throw new Error('The caches are not made yet.')
    return cache
  }
  describe('with memory before it', () => registerSuite(() => cacheAt(0)))
  describe('alone', () => registerSuite(() => cacheAt(1)))
})
