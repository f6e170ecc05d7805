import { megabyte, usedBytes } from '../heap.ts'
import type { CacheUnderTest } from '../library.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const maxEntries = 1_000
const warmUp = 30_000
const rounds = 150_000
/** What an engine's own warming up may add; an index that grows by 100 bytes a key is far past it. */
const tolerated = 8 * megabyte

export const unboundedIndex: Scenario = {
  name: 'growth of internal indexes',
  question: 'Does a cache of 1,000 entries stay as large when 150,000 keys, tags and namespaces come and go?',
  needs: ['loads'],
  limitMs: 180_000,
  play: async library => {
    const cache = await library.open({ maxEntries })
    await comeAndGo(cache, 0, warmUp)
    const before = await usedBytes()
    await comeAndGo(cache, warmUp, warmUp + rounds)
    const grown = (await usedBytes()) - before
    const size = `${(grown / megabyte).toFixed(1)} MB`
    return verdictOf([grown > tolerated && `grows by ${size}`], size)
  },
}

async function comeAndGo(cache: CacheUnderTest, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    const [key, tag] = [`key ${index}`, `tag ${index}`]
    await cache.load?.(key, async () => index, [tag])
    if (index % 3 === 0) await cache.delete(key)
    if (index % 3 === 1) await cache.invalidateTags?.([tag])
    if (index % 5 === 0) await cache.namespace?.(`space ${index}`).load?.(key, async () => index)
    await cache.get(`missing ${index}`)
  }
}
