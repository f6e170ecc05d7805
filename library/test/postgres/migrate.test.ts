import { connectPostgres, type Database, migrate } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPgBouncer } from '../../../testbed/servers/pgbouncer.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { type DatabaseMaker, describeOnBoth, rowsOf, sql } from './databases.ts'

describeOnBoth('bringing a database up to date', start => {
  let maker: DatabaseMaker
  beforeAll(async () => {
    maker = await start()
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  it('carries out every file once, in order, and says which', async () => {
    const database = await maker.make()
    const steps: string[] = []
    const { applied } = await migrate(database, { onStep: name => steps.push(name) })
    expect(steps).toEqual(applied)
    expect(applied.slice(0, 3)).toEqual(['0000_give_uuids.sql', '0000_make_way.sql', '0001_tables.sql'])
    const functions = applied.filter(name => name.startsWith('functions/'))
    expect(functions).toContain('functions/append.sql')
    expect(applied).toEqual([...applied.filter(name => !functions.includes(name)).sort(), ...functions.sort()])
    const recorded = await rowsOf<{ name: string }>(database, 'SELECT name FROM reprise_migrations ORDER BY name')
    expect(recorded.map(({ name }) => name)).toEqual(applied)
    expect(await migrate(database)).toEqual({ applied: [], notes: [] })
  })

  it('refuses a database whose files had another content', async () => {
    const database = await maker.make()
    await migrate(database)
    await database.run(sql(`UPDATE reprise_migrations SET checksum = 'other' WHERE name = '0001_tables.sql'`))
    await expectRefusal(database, /0001_tables.sql was carried out on this database with another content/)
  })

  it('makes a function anew whose text has changed, and nothing else', async () => {
    const database = await maker.make()
    await migrate(database)
    await database.run(sql(`UPDATE reprise_migrations SET checksum = 'other' WHERE name = 'functions/fences.sql'`))
    await database.run(
      sql(`CREATE OR REPLACE FUNCTION reprise_fences(p_guest text[]) RETURNS text LANGUAGE sql AS 'SELECT ''old'''`),
    )
    expect((await migrate(database)).applied).toEqual(['functions/fences.sql'])
    expect(await rowsOf(database, `SELECT reprise_fences('{nobody}') AS fences`)).toEqual([{ fences: '' }])
    expect((await migrate(database)).applied).toEqual([])
  })

  it('goes on from files that there are no more, whatever their append answered', async () => {
    const database = await maker.make()
    await migrate(database)
    await database.run(sql('DROP FUNCTION reprise_append'))
    await database.run(
      sql(`CREATE FUNCTION reprise_append(p_guest text[], p_user text[], p_conversation uuid[], p_message uuid[],
      p_role text[], p_content text[], p_hash text[], p_timestamp timestamptz[], p_synced boolean[], p_key text[],
      p_fingerprint text[], p_embed boolean, p_enforce_quota boolean, p_guest_limit integer)
      RETURNS TABLE (kind text) LANGUAGE sql AS 'SELECT ''old'''`),
    )
    await database.run(sql('ALTER TABLE conversation_cache DROP COLUMN reprise_head'))
    await database.run(
      sql(`UPDATE reprise_migrations SET name = '0002_append.sql', checksum = 'earlier' WHERE name = '0010_head.sql'`),
    )
    await database.run(sql(`DELETE FROM reprise_migrations WHERE name LIKE 'functions/%'`))
    expect((await migrate(database)).applied).toEqual(['0010_head.sql', 'functions/append.sql', 'functions/fences.sql'])
    expect((await migrate(database)).applied).toEqual([])
  })

  it('refuses a database that a newer version has migrated', async () => {
    const database = await maker.make()
    await migrate(database)
    await database.run(sql(`INSERT INTO reprise_migrations (name, checksum) VALUES ('0099_later.sql', 'x')`))
    await expectRefusal(database, /newer version of Reprise \(0099_later\.sql\)/)
  })

  it('says what stood in its way, and leaves the database as it was', async () => {
    const database = await maker.make()
    await database.run(sql('CREATE TABLE reprise_outbox (mine text)'))
    await expectRefusal(database, /left as it was.*0001_tables\.sql.*relation "reprise_outbox" already exists/)
    const tables = await rowsOf(database, `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`)
    expect(tables).toEqual([{ tablename: 'reprise_outbox' }])
  })
})

async function expectRefusal(database: Database, words: RegExp): Promise<void> {
  await expect(migrate(database)).rejects.toMatchObject({
    code: 'migration_failed',
    message: expect.stringMatching(words),
  })
}

describeWith(['postgres', 'pgbouncer'], 'servers that start together', () => {
  it('migrate once, be it directly or through PgBouncer in transaction mode', async () => {
    await using server = await startPostgres({ settings: { fsync: 'off' } })
    await using pooler = await startPgBouncer(server.url)
    const databases = [server.url, pooler.url, pooler.url, server.url].map(url => connectPostgres({ url }))
    const outcomes = await Promise.all(databases.map(database => migrate(database)))
    expect(outcomes.map(({ applied }) => applied.length > 0).sort()).toEqual([false, false, false, true])
    for (const database of databases) await database.close()
  })
})
