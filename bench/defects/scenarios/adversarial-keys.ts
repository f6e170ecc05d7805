import { startRedis } from '../../../testbed/servers/redis.ts'
import { hostileKeys, type PlacedKey } from '../hostile-keys.ts'
import type { CacheUnderTest } from '../library.ts'
import { opened } from '../opened.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const together = 200

export const adversarialKeys: Scenario = {
  name: 'two keys never share a value',
  question: 'Do 100,000 hostile keys, lone surrogates included, each keep their own value?',
  needs: [],
  limitMs: 180_000,
  play: async (library, ends) => {
    const redis = library.abilities.has('Redis') ? ends.use(await startRedis()) : undefined
    const setting = redis === undefined ? {} : { redis: { kind: 'server', port: redis.port } as const }
    const writer = await opened(library, setting)
    const keys = hostileKeys(library.abilities.has('namespaces'))
    const isKept = new Array<boolean>(keys.length).fill(false)
    await eachKey(keys, writer, async (cache, key, index) => {
      // A key that is refused with an error harms nobody.
      isKept[index] = await cache.set(key, index).then(
        () => true,
        () => false,
      )
    })
    // What a shared tier makes of the keys is seen by a cache that has none of them in memory.
    const reader = redis === undefined ? writer : await opened(library, setting)
    const shared: string[] = []
    let lost = 0
    await eachKey(keys, reader, async (cache, key, index) => {
      if (isKept[index] === false) return
      const value = await cache.get(key)
      if (value === undefined) lost += 1
      else if (value !== index) shared.push(JSON.stringify(keys[index]).slice(0, 60))
    })
    return verdictOf(
      [
        shared.length > 0 && `${shared.length} keys get the value of another, such as ${shared[0]}`,
        // A cache may forget; here it is asked what it mixes up.
        lost > keys.length / 2 && `${lost} keys are lost`,
      ],
      `${keys.length} keys`,
    )
  },
}

async function eachKey(
  keys: readonly PlacedKey[],
  cache: CacheUnderTest,
  work: (cache: CacheUnderTest, key: string, index: number) => Promise<void>,
): Promise<void> {
  const spaces = new Map<string, CacheUnderTest>()
  const placeOf = (name: string | undefined) => {
    if (name === undefined) return cache
    const space = spaces.get(name) ?? cache.namespace?.(name) ?? cache
    spaces.set(name, space)
    return space
  }
  for (let at = 0; at < keys.length; at += together) {
    const batch = keys.slice(at, at + together)
    await Promise.all(batch.map(({ namespace, key }, index) => work(placeOf(namespace), key, at + index)))
    // Whoever answers from memory alone would leave sockets no turn.
    await new Promise(resolve => setImmediate(resolve))
  }
}
