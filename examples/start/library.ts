// The first cache: a loader that is slow, and runs once.
import { createCache } from 'reprise'

const cache = createCache({ name: 'shop', memory: { maxBytes: '64mb' }, ttl: '10m' })

async function priceOf(id: number): Promise<number> {
  console.log(`looking up ${id}`)
  return id * 10
}

const price = (id: number) => cache.getOrSet(['price', id], () => priceOf(id), { tags: [`product:${id}`] })

console.log(await Promise.all([price(7), price(7), price(7)]))
console.log(await price(7))
await cache.invalidateTags(['product:7'])
console.log(await price(7))

await cache.close()

// It prints:
// looking up 7
// [ 70, 70, 70 ]
// 70
// looking up 7
// 70
