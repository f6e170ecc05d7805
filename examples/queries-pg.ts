// Queries of pg, cached: a committed write drops what was read from its tables. Needs DATABASE_URL.
import pg from 'pg'
import { createCache } from 'reprise'
import { trackPg } from 'reprise/pg'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'shop' })
const queries = queryCache(cache, { ttl: '10m' })
const pool = trackPg(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }), queries)

let asked = 0
const products = queries.cached('products_below', {}, async (price: number) => {
  asked += 1
  const { rows } = await pool.query('SELECT id, name FROM products_pg WHERE price < $1 ORDER BY id', [price])
  return rows
})

const show = async () => {
  const { length } = await products(100)
  console.log(`${length} product${length === 1 ? '' : 's'}, asked ${asked} time${asked === 1 ? '' : 's'}`)
}

await pool.query('CREATE TABLE products_pg (id serial PRIMARY KEY, name text, price int)')
await pool.query("INSERT INTO products_pg (name, price) VALUES ('cup', 5)")
await show()
const client = await pool.connect()
await client.query('BEGIN')
await client.query("INSERT INTO products_pg (name, price) VALUES ('bowl', 9)")
// Not committed yet: everybody goes on seeing what is.
await show()
await client.query('COMMIT')
client.release()
await show()
await pool.end()
await cache.close()

// It prints:
// 1 product, asked 1 time
// 1 product, asked 1 time
// 2 products, asked 2 times
