import { openEmbeddedDatabase } from 'reprise/embedded'
import { write } from '../statements.ts'

const database = await openEmbeddedDatabase({ directory: String(process.argv[2]), checkpointEveryMs: 50 })
await database.run(write('CREATE TABLE IF NOT EXISTS note (id bigint GENERATED ALWAYS AS IDENTITY, words text)'))

/** Single statements and transactions of two rows in turn, with sizes that fill pages and files of the log. */
async function writeForEver(): Promise<never> {
  for (let turn = 0; ; turn += 1) {
    const words = 'x'.repeat((turn * 997) % 9000)
    const insert = write('INSERT INTO note (words) VALUES ($1) RETURNING id', words)
    const { rows } =
      turn % 2 === 0
        ? await database.run<{ id: number }>(insert)
        : await database.transaction(async transaction => {
            await transaction.run(insert)
            return transaction.run<{ id: number }>(insert)
          })
    process.stdout.write(`${rows[0]?.id}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, writeForEver))
