// Values under SETEX become a cache over the same Redis.
import { createClient } from '@redis/client'

let asked = 0
async function loadUser(id: number): Promise<{ readonly id: number; readonly name: string }> {
  asked += 1
  return { id, name: 'Ada' }
}

const client = createClient({ url: 'redis://127.0.0.1:6379' })
await client.connect()

async function userBefore(id: number): Promise<{ readonly name: string }> {
  const kept = await client.get(`user:${id}`)
  if (kept !== null) return JSON.parse(kept)
  const user = await loadUser(id)
  await client.setEx(`user:${id}`, 600, JSON.stringify(user))
  return user
}

import { createCache } from 'reprise'
import { redis } from 'reprise/redis'

const cache = createCache({ name: 'shop', redis: redis({ client }), ttl: '10m', grace: '1m' })
const user = (id: number) => cache.getOrSet(['user', id], () => loadUser(id))

await Promise.all([userBefore(7), userBefore(7), userBefore(7)])
console.log(`before: asked ${asked} times`)
asked = 0
await Promise.all([user(7), user(7), user(7)])
console.log(`after: asked ${asked} time, ${(await user(7)).name}`)
await cache.delete(['user', 7])
await cache.close()
await client.close()

// It prints:
// before: asked 3 times
// after: asked 1 time, Ada
