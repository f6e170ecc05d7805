// Two caches of one name over one Redis, as two processes have them: what one loads, the other finds.
import { setTimeout } from 'node:timers/promises'
import { createCache } from 'reprise'
import { redis } from 'reprise/redis'

const open = () =>
  createCache({ name: 'shop', redis: redis({ url: 'redis://127.0.0.1:6379' }), ttl: '10m', grace: '1m' })

const [one, other] = [open(), open()]
console.log(await one.getOrSet(['price', 7], () => 70))
console.log(await other.getOrSet(['price', 7], () => 80))
await other.delete(['price', 7])
// Other processes hear of it within milliseconds.
while (await one.has(['price', 7])) await setTimeout(1)
console.log(await one.getOrSet(['price', 7], () => 90))

await one.close()
await other.close()

// It prints:
// 70
// 70
// 90
