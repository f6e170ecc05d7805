// The doors before databases, one after the other. They ask DATABASE_URL.
import pg from 'pg'
import { createCache } from 'reprise'
import { trackPg } from 'reprise/pg'
import { queryCache } from 'reprise/query'

const queries = queryCache(createCache({ name: 'db' }), { ttl: '10m' })
const pool = trackPg(new pg.Pool({ connectionString: process.env['DATABASE_URL'] }), queries)
const one = queries.cached('one', {}, async () => (await pool.query('SELECT 1 AS one')).rows)

import { Kysely, PostgresDialect } from 'kysely'
import { trackKysely } from 'reprise/kysely'

const db = new Kysely<{ users: { id: number } }>({ dialect: trackKysely(new PostgresDialect({ pool }), queries) })

import { Registry } from 'prom-client'
import { observePool, observeQueries } from 'reprise/observe-db'

const registry = new Registry()
observePool(pool, { registry, name: 'shop' })
observeQueries(pool, { registry, slowQueryMs: 200 })

import { loadPostgresParser, readStatement, redact } from 'reprise/sql'

await loadPostgresParser()
console.log(readStatement("UPDATE users SET name = 'Ada'", 'postgres').queryType)
console.log(redact("UPDATE users SET name = 'Ada'", 'postgres'))

console.log(await one(), db.selectFrom('users').selectAll().compile().sql)
await db.destroy()

// It prints:
// UPDATE
// UPDATE users SET name = ?
// [ { one: 1 } ] select * from "users"
