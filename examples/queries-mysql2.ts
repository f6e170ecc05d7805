// Queries of mysql2, cached, with prepared statements and a transaction. Needs DATABASE_URL.
import mysql, { type RowDataPacket } from 'mysql2/promise'
import { createCache } from 'reprise'
import { trackMysql } from 'reprise/mysql2'
import { queryCache } from 'reprise/query'

const cache = createCache({ name: 'shop' })
const queries = queryCache(cache, { ttl: '10m' })
const pool = trackMysql(mysql.createPool(process.env['DATABASE_URL'] ?? ''), queries)

let asked = 0
const products = queries.cached('products_below', {}, async (price: number) => {
  asked += 1
  const [rows] = await pool.execute<RowDataPacket[]>('SELECT id, name FROM products WHERE price < ?', [price])
  return rows
})

const show = async () => {
  const { length } = await products(100)
  console.log(`${length} product${length === 1 ? '' : 's'}, asked ${asked} time${asked === 1 ? '' : 's'}`)
}

await pool.query('CREATE TABLE products (id INT AUTO_INCREMENT PRIMARY KEY, name TEXT, price INT)')
await pool.execute('INSERT INTO products (name, price) VALUES (?, ?)', ['cup', 5])
await show()
const connection = await pool.getConnection()
await connection.beginTransaction()
await connection.execute('INSERT INTO products (name, price) VALUES (?, ?)', ['bowl', 9])
// Not committed yet: everybody goes on seeing what is.
await show()
await connection.commit()
connection.release()
await show()
await pool.end()
await cache.close()

// It prints:
// 1 product, asked 1 time
// 1 product, asked 1 time
// 2 products, asked 2 times
