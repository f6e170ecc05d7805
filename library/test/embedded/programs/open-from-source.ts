import { openEmbeddedDatabase } from '../../../src/drivers/postgres/embedded/index.ts'
import { read } from '../statements.ts'

const database = await openEmbeddedDatabase({ directory: String(process.argv[2]) })
const text = `SELECT array_agg(datname::text) AS databases, current_setting('fsync') AS fsync FROM pg_database`
const { rows } = await database.run(read(text))
await database.close()
console.log(JSON.stringify(rows[0]))
