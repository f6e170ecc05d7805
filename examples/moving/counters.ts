// Hits counted by hand become metrics.
import { createCache } from 'reprise'

const kept = new Map<string, string>()
let [hits, misses] = [0, 0]

function nameBefore(id: string): string {
  const known = kept.get(id)
  if (known !== undefined) {
    hits += 1
    return known
  }
  misses += 1
  kept.set(id, `name ${id}`)
  return `name ${id}`
}

import { prometheusMetrics } from 'reprise/prometheus'

const cache = createCache({ name: 'names' })
const metrics = prometheusMetrics({ caches: [cache] })
const name = (id: string) => cache.getOrSet(id, () => `name ${id}`)

for (const id of ['a', 'a', 'a', 'b']) {
  nameBefore(id)
  await name(id)
}
console.log(`before: ${hits} hits, ${misses} misses`)
const { hits: found, misses: lacked } = cache.stats()
console.log(`after: ${found} hits, ${lacked} misses`)
for (const line of (await metrics.text()).split('\n')) {
  if (/^cache_(?:hit_rate|operations_total\{operation="get",result="(?:hit|miss))/.test(line)) console.log(line)
}
metrics.close()
await cache.close()

// It prints:
// before: 2 hits, 2 misses
// after: 2 hits, 2 misses
// cache_operations_total{operation="get",result="hit"} 2
// cache_operations_total{operation="get",result="miss"} 2
// cache_hit_rate 50
