// Queries of Drizzle, cached: Drizzle runs on a pool of pg, and that is what is watched. Needs DATABASE_URL.
import { lt } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, serial, text } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { createCache } from 'reprise'
import { trackPg } from 'reprise/pg'
import { queryCache } from 'reprise/query'

const productTable = pgTable('products_drizzle', {
  id: serial('id').primaryKey(),
  name: text('name').notNull(),
  price: integer('price').notNull(),
})

const cache = createCache({ name: 'shop' })
const queries = queryCache(cache, { ttl: '10m' })
const pool = trackPg(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }), queries)
const db = drizzle({ client: pool })

let asked = 0
const products = queries.cached('products_below', {}, async (price: number) => {
  asked += 1
  return db.select().from(productTable).where(lt(productTable.price, price))
})

const show = async () => {
  const { length } = await products(100)
  console.log(`${length} product${length === 1 ? '' : 's'}, asked ${asked} time${asked === 1 ? '' : 's'}`)
}

await db.execute('CREATE TABLE products_drizzle (id serial PRIMARY KEY, name text NOT NULL, price int NOT NULL)')
await db.insert(productTable).values({ name: 'cup', price: 5 })
await show()
await db
  .transaction(async transaction => {
    await transaction.insert(productTable).values({ name: 'jug', price: 30 })
    transaction.rollback()
  })
  .catch(() => undefined)
// Rolled back: what is kept is still true.
await show()
await db.insert(productTable).values({ name: 'bowl', price: 9 })
await show()
await pool.end()
await cache.close()

// It prints:
// 1 product, asked 1 time
// 1 product, asked 1 time
// 2 products, asked 2 times
