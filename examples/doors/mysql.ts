// The door before mysql2. It asks DATABASE_URL.
import mysql from 'mysql2/promise'
import { createCache } from 'reprise'
import { trackMysql } from 'reprise/mysql2'
import { queryCache } from 'reprise/query'

const queries = queryCache(createCache({ name: 'db' }), { ttl: '10m' })
const pool = trackMysql(mysql.createPool(process.env['DATABASE_URL'] ?? 'mysql://127.0.0.1/shop'), queries)
const one = queries.cached('one', {}, async () => (await pool.query('SELECT 1 AS one'))[0])

console.log(await one())
await pool.end()

// It prints:
// [ { one: 1 } ]
