import { megabyte, usedBytes } from '../heap.ts'
import { type Scenario, verdictOf } from '../scenario.ts'

const inserts = 1_000_000
const bound = 64 * megabyte
/** What is estimated differs from what a heap takes; more than half as much again is no bound. */
const tolerated = 1.5

export const boundInBytes: Scenario = {
  name: 'memory bound under 1 M inserts',
  question: 'Does a cache bound to 64 MB stay there while a million entries of some 500 bytes come?',
  needs: ['a bound in bytes'],
  limitMs: 180_000,
  play: async library => {
    const cache = await library.open({ maxBytes: bound })
    const before = await usedBytes()
    let most = 0
    for (let index = 0; index < inserts; index += 1) {
      await cache.set(`user:${index}`, { id: index, text: `${index} `.repeat(60), tags: ['a', 'b'], at: index * 2 })
      if (index % 100_000 === 99_999) most = Math.max(most, (await usedBytes()) - before)
    }
    const taken = `${(most / megabyte).toFixed(0)} MB`
    const isThere = (await cache.get(`user:${inserts - 1}`)) !== undefined
    return verdictOf([most > bound * tolerated && `takes ${taken}`, !isThere && 'the last entry is not kept'], taken)
  },
}
