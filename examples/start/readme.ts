import { createCache } from 'reprise'

const db = { user: async (id: number, _: { readonly signal: AbortSignal }) => ({ id, name: 'Ada' }) }
const id = 7

const cache = createCache({ name: 'app', memory: { maxBytes: '256mb' }, ttl: '1h', grace: '10m' })

const user = await cache.getOrSet(['user', id], ({ signal }) => db.user(id, { signal }), { tags: [`user:${id}`] })

console.log(user.name)
await cache.close()

// It prints:
// Ada
