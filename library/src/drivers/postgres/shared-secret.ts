import { randomBytes } from 'node:crypto'
import { statement } from './builder.ts'
import type { Database } from './database.ts'

/**
 * A secret of 32 bytes that all servers on one database share: made by whoever asks first, the same for ever after.
 * @example const secret = await sharedSecret(database, 'tenants')
 */
export async function sharedSecret(database: Database, name: string): Promise<Uint8Array> {
  // Two statements, each seeing what others committed: of two that come first, one's secret stays.
  const insert = 'INSERT INTO reprise_secret (name, secret) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING'
  const known = await read(database, name)
  if (known !== undefined) return known
  await database.run(statement('INSERT', 'reprise_secret', insert, [name, randomBytes(32)]))
  const made = await read(database, name)
  if (made === undefined) throw new Error(`the secret ${name} was deleted while it was made`)
  return made
}

async function read(database: Database, name: string): Promise<Uint8Array | undefined> {
  const select = 'SELECT secret FROM reprise_secret WHERE name = $1'
  const { rows } = await database.run<{ readonly secret: Uint8Array }>(
    statement('SELECT', 'reprise_secret', select, [name]),
  )
  return rows[0]?.secret
}
