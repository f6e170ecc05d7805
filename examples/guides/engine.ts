import { createCache } from 'reprise'
import { redis } from 'reprise/redis'

const db = {
  user: async (id: number, _options: { readonly signal: AbortSignal }) => ({ id, name: `user ${id}` }),
  users: async (ids: readonly number[]) => ids.map(id => ({ id, name: `user ${id}` })),
}
const [id, ids] = [7, [7, 8, 9]]

const cache = createCache({
  name: 'app',
  memory: { maxBytes: '256mb' },
  redis: redis({ url: 'redis://127.0.0.1:6379' }),
  ttl: '1h',
  grace: '10m',
})

const user = await cache.getOrSet(['user', id], ({ signal }) => db.user(id, { signal }), { tags: [`user:${id}`] })
const users = await cache.getOrSetMany(ids, missing => db.users(missing))
await cache.invalidateTags([`user:${id}`])
console.log(user.name, users.length)

const rag = cache.namespace('rag', { ttl: '30m' })
await rag.set('question', 'answer')
await cache.clear()
console.log(await rag.get('question'))

await cache.warm(
  [
    ['a', 1],
    {
      key: ['user', 7],
      loader: ({ signal }) => db.user(7, { signal }),
      options: { tags: ['user:7'] },
    },
  ],
  { concurrency: 32, onProgress: ({ warmed, failed }) => console.log(warmed, failed) },
)
const { tiers } = await cache.explain(['user', 7])
console.log(tiers.map(({ tier }) => tier).join(', '))
await cache.close()

// It prints:
// user 7 3
// undefined
// 1 0
// 2 0
// memory, redis
