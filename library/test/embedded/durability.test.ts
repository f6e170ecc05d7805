import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { describe, expect, it, onTestFinished } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { runProgram } from './run-program.ts'
import { codeOf, read, write } from './statements.ts'

async function newDirectory(): Promise<string> {
  const home = await privateDirectory('durable')
  onTestFinished(() => home[Symbol.asyncDispose]())
  return home.path
}

describe('what the embedded database has acknowledged', () => {
  it('outlives a kill in the middle of writing, time and again', async () => {
    const directory = await newDirectory()
    const acknowledged: number[] = []
    const kills = Number(process.env['KILLS'] ?? 3)
    for (let kill = 0; kill < kills; kill += 1) {
      const writer = runProgram('write-until-killed', [directory])
      expect(await writer.nextLine()).toBeDefined()
      await new Promise(resolve => setTimeout(resolve, 100 + Math.random() * 400))
      writer.process.kill('SIGKILL')
      expect((await writer.ended).signal).toBe('SIGKILL')
      acknowledged.push(...writer.lines.map(Number))

      const database = await openEmbeddedDatabase({ directory })
      const { rows } = await database.run<{ ids: number[] }>(read('SELECT array_agg(id) AS ids FROM note'))
      // Reads every page of the table, whose checksums PostgreSQL compares.
      await database.run(read('SELECT sum(length(words)) FROM note'))
      await database.close()
      const stored = new Set(rows[0]?.ids)
      expect(acknowledged.filter(id => !stored.has(id))).toEqual([])
    }
    expect(acknowledged.length).toBeGreaterThan(kills * 10)
  }, 180_000)

  it('was synced to the disk by each commit, and a disk that fails to sync is not believed', async () => {
    const directory = await newDirectory()
    const preload = new URL('./programs/count-syncs.ts', import.meta.url).href
    const program = runProgram('meet-a-failing-disk', [join(directory, 'data')], {
      NODE_OPTIONS: `--import=${preload}`,
      SYNC_COUNT: join(directory, 'syncs'),
      SYNC_FAILURE: join(directory, 'failure'),
    })
    expect((await program.ended).code).toBe(0)
    expect(JSON.parse(program.lines[0] ?? '')).toEqual({
      syncsOfFiftyRows: 50,
      onFailingDisk: 'outcome_unknown',
      rowsAfterwards: 50,
    })
  })

  it('is there again when the thread of PostgreSQL has died', async () => {
    const directory = await newDirectory()
    const database = await openEmbeddedDatabase({ directory })
    await database.run(write('CREATE TABLE note (id integer)'))
    await database.run(write('INSERT INTO note VALUES (1)'))

    // PostgreSQL gives up where it cannot write its log: here the next file of it cannot be made.
    await database.run(write('SELECT pg_switch_wal()'))
    const log = join(directory, 'postgresql', 'pg_wal')
    await rename(log, `${log}.away`)
    const insert = (id: number) => codeOf(database.run(write('INSERT INTO note VALUES ($1)', id)))
    const [sent, ...waiting] = [2, 3, 4, 5].map(insert)
    expect(await sent).toBe('outcome_unknown')
    expect(await Promise.all(waiting)).toEqual(Array(3).fill('database_unavailable'))
    const refusal = await database.run(read('SELECT id FROM note')).catch(error => error)
    expect(refusal).toMatchObject({ code: 'database_unavailable', retryAfterSeconds: 1 })
    expect(refusal.message).toContain('pg_wal')

    await rename(`${log}.away`, log)
    expect((await database.run(read('SELECT id FROM note'))).rows).toEqual([{ id: 1 }])
    await database.close()
  })

  it('begins anew where a first start was cut off', async () => {
    const directory = await newDirectory()
    await mkdir(join(directory, 'postgresql.unfinished', 'base'), { recursive: true })
    await writeFile(join(directory, 'postgresql.unfinished', 'PG_VERSION'), '')
    const database = await openEmbeddedDatabase({ directory })
    expect((await database.run(read('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }])
    await database.close()
    expect((await readdir(directory)).sort()).toEqual(['lock', 'postgresql'])
  })

  it('can begin without the template of the package, as when the sources run unbuilt', async () => {
    const directory = await newDirectory()
    const program = runProgram('open-from-source', [directory])
    expect((await program.ended).code).toBe(0)
    expect(program.lines).toEqual(['{"databases":["postgres"],"fsync":"on"}'])
    const database = await openEmbeddedDatabase({ directory })
    await database.close()
  })

  it('ends with the program that opened and closed it', async () => {
    const program = runProgram('open-and-close', [await newDirectory()])
    expect(await program.ended).toEqual({ code: 0, signal: null })
    expect(program.lines).toEqual(['closed'])
  })
})
