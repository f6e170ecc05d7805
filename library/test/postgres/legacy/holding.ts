import { readFile } from 'node:fs/promises'
import type { Database } from 'reprise/postgres'
import type { DatabaseMaker } from '../databases.ts'

/** A database that holds the tables and rows of a script beside this file, as another program left them. */
export async function holding(maker: DatabaseMaker, name: string): Promise<Database> {
  const script = await readFile(new URL(`${name}.sql`, import.meta.url), 'utf8')
  const database = await maker.make()
  await database.transaction(transaction => transaction.script(script))
  return database
}
