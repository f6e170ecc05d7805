import pg from 'pg'
import { Registry } from 'prom-client'
import { observePool, observeQueries, poolWarnings } from 'reprise/observe-db'
import { loadPostgresParser } from 'reprise/sql'

const registry = new Registry()
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 2 })
observePool(pool, { registry, name: 'shop' })
observeQueries(pool, { registry, slowQueryMs: 200 })
await loadPostgresParser()

await pool.query('CREATE TABLE orders (id int PRIMARY KEY, note text)')
await pool.query('INSERT INTO orders VALUES ($1, $2), ($3, $4)', [1, 'tea', 2, 'cake'])
await pool.query('WITH sweet AS (SELECT * FROM orders WHERE note = $1) SELECT count(*) FROM sweet', ['cake'])
await pool.query('INSERT INTO orders VALUES (1, NULL)').catch(() => {})

const [one, other] = [await pool.connect(), await pool.connect()]
for (const { advice } of poolWarnings(registry)) console.log(advice)
for (const line of (await registry.metrics()).split('\n')) {
  if (/^(db_connection_pool_|db_queries_total|reprise_db_query_(rows|errors))/.test(line)) console.log(line)
}
one.release()
other.release()
await pool.end()
