// Queries of Kysely, cached: its dialect is watched, transactions included. Needs DATABASE_URL.
import { type Generated, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createCache } from 'reprise'
import { trackKysely } from 'reprise/kysely'
import { queryCache } from 'reprise/query'

interface Database {
  readonly products_kysely: { readonly id: Generated<number>; readonly name: string; readonly price: number }
}

const cache = createCache({ name: 'shop' })
const queries = queryCache(cache, { ttl: '10m' })
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
const db = new Kysely<Database>({ dialect: trackKysely(new PostgresDialect({ pool }), queries) })

let asked = 0
const products = queries.cached('products_below', {}, async (price: number) => {
  asked += 1
  return db.selectFrom('products_kysely').selectAll().where('price', '<', price).execute()
})

const show = async () => {
  const { length } = await products(100)
  console.log(`${length} product${length === 1 ? '' : 's'}, asked ${asked} time${asked === 1 ? '' : 's'}`)
}

await db.schema
  .createTable('products_kysely')
  .addColumn('id', 'serial', column => column.primaryKey())
  .addColumn('name', 'text')
  .addColumn('price', 'integer')
  .execute()
await db.insertInto('products_kysely').values({ name: 'cup', price: 5 }).execute()
await show()
await db.transaction().execute(async transaction => {
  await transaction.insertInto('products_kysely').values({ name: 'bowl', price: 9 }).execute()
  // Not committed yet: everybody goes on seeing what is.
  await show()
})
await show()
await db.destroy()
await cache.close()

// It prints:
// 1 product, asked 1 time
// 1 product, asked 1 time
// 2 products, asked 2 times
