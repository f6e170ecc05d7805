// What the text of statements does not show is told: here that a view reads two tables.
import pg from 'pg'
import { createCache } from 'reprise'
import { trackPg } from 'reprise/pg'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'database' })
const queries = queryCache(cache, {
  relations: {
    reads: { active_users: ['users', 'sessions'] },
    writes: { users: ['orders'] },
    functions: { transfer: { writes: ['accounts'] } },
  },
})
const pool = trackPg(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }), queries)
const active = queries.cached('active', {}, async () => (await pool.query('SELECT * FROM active_users')).rowCount)

await pool.query('CREATE TABLE users (id int)')
await pool.query('CREATE TABLE sessions (user_id int)')
await pool.query('CREATE VIEW active_users AS SELECT id FROM users JOIN sessions ON user_id = id')
await pool.query('INSERT INTO users VALUES (1)')
console.log(await active())
await pool.query('INSERT INTO sessions VALUES (1)')
console.log(await active())
await pool.end()
await cache.close()

// It prints:
// 0
// 1
