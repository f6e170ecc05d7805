import { Announcer } from 'reprise'
import { type EmbeddedOptions, openEmbeddedDatabase } from 'reprise/embedded'
import { type Database, type DatabaseEvents, migrate, StatementError } from 'reprise/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { manualClock } from './manual-clock.ts'
import { codeOf, read, write } from './statements.ts'

interface Note {
  id: number
  words: string | null
}

const insert = (id: number, words: string | null = null) => write('INSERT INTO note VALUES ($1, $2)', id, words)
const all = read('SELECT id, words FROM note ORDER BY id')

describe('the embedded database', () => {
  let home: PrivateDirectory
  let database: Database
  const announcer = new Announcer<DatabaseEvents>()
  const open = (options: Partial<EmbeddedOptions> = {}) =>
    openEmbeddedDatabase({ directory: home.path, announcer, clock: manualClock(), ...options })

  beforeAll(async () => {
    home = await privateDirectory('embedded')
    database = await open({ maxWaiting: 20 })
    await database.run(write('CREATE TABLE note (id integer PRIMARY KEY, words text)'))
  })
  beforeEach(async () => {
    await database.run(write('TRUNCATE note'))
  })
  afterAll(async () => {
    await database.close()
    await home[Symbol.asyncDispose]()
  })

  it('names itself and its one connection', () => {
    expect(database).toMatchObject({ kind: 'embedded', connections: 1 })
  })

  it('refuses to be opened without a directory', async () => {
    expect(await codeOf(openEmbeddedDatabase({ directory: '' }))).toBe('invalid_setting')
  })

  it('counts rows read and rows changed', async () => {
    expect((await database.run(insert(1))).rowCount).toBe(1)
    expect((await database.run(insert(2))).rowCount).toBe(1)
    expect((await database.run(all)).rowCount).toBe(2)
    expect((await database.run(write('UPDATE note SET words = $1', 'new'))).rowCount).toBe(2)
    expect((await database.run(write('DELETE FROM note WHERE id > 5'))).rowCount).toBe(0)
  })

  it('commits what a transaction did, and answers its result', async () => {
    const result = await database.transaction(async transaction => {
      await transaction.run(insert(1, 'one'))
      return (await transaction.run<Note>(all)).rows
    })
    expect(result).toEqual([{ id: 1, words: 'one' }])
    expect((await database.run(all)).rows).toEqual(result)
  })

  it('rolls back when the work throws, also while statements of it are on their way', async () => {
    const failure = new Error('the work failed')
    const work = database.transaction(async transaction => {
      void transaction.run(insert(1))
      void transaction.run(insert(2))
      throw failure
    })
    await expect(work).rejects.toBe(failure)
    expect((await database.run(all)).rows).toEqual([])
  })

  it('refuses to commit when a statement had failed and the work went on', async () => {
    const work = database.transaction(async transaction => {
      await transaction.run(insert(1))
      await transaction.run(read('SELECT no_such_column')).catch(() => {})
    })
    await expect(work).rejects.toMatchObject({ name: 'StatementError', sqlState: '25P02' })
    expect((await database.run(all)).rows).toEqual([])
  })

  it('refuses a statement that comes after its transaction', async () => {
    const late = await database.transaction(async transaction => () => transaction.run(insert(1)))
    expect(await codeOf(late())).toBe('internal_error')
    expect((await database.run(all)).rows).toEqual([])
  })

  it('lets nothing of others in between a transaction', async () => {
    const order: string[] = []
    const say = (words: string) => () => order.push(words)
    const first = database.transaction(async transaction => {
      for (let id = 0; id < 5; id += 1) await transaction.run(insert(id)).then(say('inside'))
    })
    const outside = [1, 2, 3].map(() => database.run(all).then(say('outside')))
    await Promise.all([first, ...outside])
    expect(order).toEqual([...Array(5).fill('inside'), ...Array(3).fill('outside')])
  })

  it('refuses newcomers when too many wait, and serves those who waited', async () => {
    const asked = Array.from({ length: 30 }, (_, id) => codeOf(database.run(insert(id))))
    const outcomes = await Promise.all(asked)
    expect(outcomes).toEqual([...Array(21).fill('done'), ...Array(9).fill('overloaded')])
    expect((await database.run(all)).rowCount).toBe(21)
  })

  it('carries out a script of several statements with function bodies', async () => {
    await database.transaction(async transaction => {
      await transaction.script(`
        CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN n * 2; END $$;
        -- a comment; with a semicolon
        INSERT INTO note VALUES (1, 'a;b'); INSERT INTO note VALUES (twice(2), 'four');`)
    })
    expect((await database.run(all)).rows).toEqual([
      { id: 1, words: 'a;b' },
      { id: 4, words: 'four' },
    ])
    const broken = database.transaction(transaction =>
      transaction.script('DELETE FROM note; SELECT nonsense; SELECT 1'),
    )
    await expect(broken).rejects.toBeInstanceOf(StatementError)
    expect((await database.run(all)).rowCount).toBe(2)
  })

  it('says what PostgreSQL refused, without the values', async () => {
    await database.run(insert(1, 'secret words'))
    const refusal = await database.run(insert(1, 'other secret')).catch(error => error)
    expect(refusal).toBeInstanceOf(StatementError)
    expect(refusal).toMatchObject({ sqlState: '23505', constraint: 'note_pkey', table: 'note' })
    const unreadable = await database.run(read('SELECT $1::uuid', 'secret-id')).catch(error => error)
    expect(unreadable).toMatchObject({ sqlState: '22P02', message: 'invalid input syntax for type uuid' })
    for (const error of [refusal, unreadable]) {
      expect(Object.keys(error).sort()).toEqual(['constraint', 'name', 'sqlState', 'table'])
      expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain('secret')
    }
  })

  it('goes on after refusals of one statement, as often as they come', async () => {
    for (let turn = 0; turn < 300; turn += 1) {
      await expect(database.run(read('SELECT $1::uuid', `no uuid ${turn}`))).rejects.toBeInstanceOf(StatementError)
    }
    const { rows } = await database.run(read('SELECT count(*) AS kept FROM pg_prepared_statements'))
    expect(rows).toEqual([{ kept: 1 }])
  })

  it('keeps no more prepared statements than its bound', async () => {
    for (let turn = 0; turn < 450; turn += 1) await database.run(read(`SELECT ${turn} AS turn`))
    const { rows } = await database.run<{ kept: number }>(read('SELECT count(*) AS kept FROM pg_prepared_statements'))
    expect(rows[0]?.kept).toBeLessThanOrEqual(201)
  })

  it('answers a prepared statement rightly after its table has changed', async () => {
    await database.run(write('CREATE TABLE changing (a integer)'))
    await database.run(write('INSERT INTO changing VALUES (1)'))
    const everything = read('SELECT * FROM changing')
    for (let turn = 0; turn < 3; turn += 1) expect((await database.run(everything)).rows).toEqual([{ a: 1 }])
    await database.run(write("ALTER TABLE changing ADD b text DEFAULT 'new'"))
    expect((await database.run(everything)).rows).toEqual([{ a: 1, b: 'new' }])
    await database.run(write('DROP TABLE changing'))
  })

  it('refuses a statement that is too deep, and goes on', async () => {
    const recursive = 'CREATE FUNCTION deeper() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN deeper(); END $$'
    await database.run(write(recursive))
    await expect(database.run(read('SELECT deeper()'))).rejects.toMatchObject({ sqlState: '54001' })
    expect((await database.run(read('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }])
  })

  it('refuses a value that no parameter can be, and goes on', async () => {
    const round: { itself?: unknown } = {}
    round.itself = round
    await expect(database.run(read('SELECT $1::json', round))).rejects.toBeInstanceOf(TypeError)
    expect((await database.run(read('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }])
  })

  it('announces each statement once, and whether the connection is free', async () => {
    const queries: DatabaseEvents['query'][] = []
    const pool: DatabaseEvents['pool'][] = []
    const ends = [announcer.on('query', event => queries.push(event)), announcer.on('pool', event => pool.push(event))]
    await database.transaction(transaction => transaction.run(insert(1)))
    await database.run(insert(1)).catch(() => {})
    for (const end of ends) end()
    const labels = { queryType: 'INSERT', table: 'note' }
    expect(queries).toMatchObject([
      { labels, failed: false },
      { labels, failed: true },
    ])
    for (const { durationMs } of queries) expect(durationMs).toBeGreaterThanOrEqual(0)
    expect(pool).toEqual([0, 1, 0, 1].map(available => ({ pool: 'embedded', size: 1, available })))
  })

  it('keeps what was stored over closing and opening, lets those who wait finish, and refuses calls in between', async () => {
    const waiting = [1, 2, 3].map(id => codeOf(database.run(insert(id, 'kept'))))
    const closing = database.close()
    expect(database.close()).toBe(closing)
    expect(await codeOf(database.run(all))).toBe('database_unavailable')
    await closing
    expect(await Promise.all(waiting)).toEqual(['done', 'done', 'done'])
    database = await open({ maxWaiting: 20 })
    expect((await database.run(all)).rowCount).toBe(3)
  })

  it('carries out the migrations', async () => {
    expect((await migrate(database)).applied.length).toBeGreaterThan(0)
    expect((await migrate(database)).applied).toEqual([])
  })
})
