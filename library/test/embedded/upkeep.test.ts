import { Announcer } from 'reprise'
import { openEmbeddedDatabase } from 'reprise/embedded'
import type { Database, DatabaseEvents } from 'reprise/postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { read, write } from './statements.ts'

const fill = (rows: number) =>
  write("INSERT INTO note SELECT n, repeat('x', 1000) FROM generate_series(1, $1::integer) AS n", rows)

describe('the upkeep of the embedded database', () => {
  let home: PrivateDirectory
  let clock: ManualClock
  let database: Database
  const announcer = new Announcer<DatabaseEvents>()
  let upkeepDone = 0
  announcer.on('query', ({ labels }) => {
    if (labels.queryType === 'OTHER') upkeepDone += 1
  })

  beforeEach(async () => {
    home = await privateDirectory('upkeep')
    clock = manualClock()
    const directory = home.path
    database = await openEmbeddedDatabase({
      directory,
      announcer,
      clock,
      checkpointEveryMs: 60_000,
      vacuumEveryMs: 300_000,
    })
    await database.run(write('CREATE TABLE note (id integer, words text)'))
    upkeepDone = 0
  })
  afterEach(async () => {
    await database.close()
    await home[Symbol.asyncDispose]()
  })

  const lastCheckpoint = async () =>
    (await database.run<{ at: string }>(read('SELECT redo_lsn::text AS at FROM pg_control_checkpoint()'))).rows[0]?.at
  const logBytes = async () => {
    const text = 'SELECT (pg_current_wal_insert_lsn() - redo_lsn)::bigint AS bytes FROM pg_control_checkpoint()'
    return (await database.run<{ bytes: number }>(read(text))).rows[0]?.bytes ?? 0
  }
  /** Lets the clock pass over one look of the upkeep, and the look do its work. */
  const pass = async (ms: number) => {
    clock.advance(ms)
    for (let turn = 0; turn < 10; turn += 1) await database.run(read('SELECT'))
  }

  it('writes a checkpoint when the time has come, and none while nothing happens', async () => {
    const first = await lastCheckpoint()
    await database.run(fill(200))
    await pass(30_000)
    expect(await lastCheckpoint()).toBe(first)
    await pass(30_000)
    const second = await lastCheckpoint()
    expect(second).not.toBe(first)
    expect(upkeepDone).toBe(1)
    await pass(60_000)
    await pass(60_000)
    expect(await lastCheckpoint()).toBe(second)
  })

  it('writes a checkpoint before its time when the log grows', async () => {
    let highest = 0
    for (let turn = 0; turn < 12; turn += 1) {
      await database.run(fill(10_000))
      highest = Math.max(highest, await logBytes())
      await pass(1_000)
    }
    expect(upkeepDone).toBeGreaterThanOrEqual(2)
    expect(highest).toBeLessThan(70 * 1024 * 1024)
    const files = read('SELECT sum(size)::bigint AS bytes FROM pg_ls_waldir()')
    const { rows } = await database.run<{ bytes: number }>(files)
    expect(rows[0]?.bytes).toBeLessThan(160 * 1024 * 1024)
  })

  it('vacuums and analyzes what has changed much, so that room is used again', async () => {
    const size = async () =>
      (await database.run<{ bytes: number }>(read("SELECT pg_relation_size('note') AS bytes"))).rows[0]?.bytes ?? 0
    await database.run(fill(2_000))
    const once = await size()
    for (let turn = 0; turn < 6; turn += 1) {
      await database.run(write("UPDATE note SET words = repeat('y', 1000)"))
      await pass(300_000)
    }
    expect(await size()).toBeLessThanOrEqual(once * 2.1)
    const { rows } = await database.run(read("SELECT reltuples AS known FROM pg_class WHERE relname = 'note'"))
    expect(rows).toEqual([{ known: 2_000 }])
  })
})
