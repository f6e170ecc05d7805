import pg from 'pg'
import { createCache } from 'reprise'
import { trackPg } from 'reprise/pg'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'database', memory: { maxEntries: 5_000 }, ttl: '10m' })
const queries = queryCache(cache, { ttl: '10m' })
const pool = trackPg(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }), queries)

const profile = queries.cached('user_profile', { ttl: '10m', user: id => id }, async (id: number) => {
  const { rows } = await pool.query('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0] ?? null
})

await pool.query("CREATE TABLE users AS SELECT 7 AS id, 'Ada' AS name")
console.log((await profile(7)).name, (await profile(7)).name)
await pool.query("UPDATE users SET name = 'Grace' WHERE id = 7")
console.log((await profile(7)).name)
await pool.end()
await cache.close()

// It prints:
// Ada Ada
// Grace
