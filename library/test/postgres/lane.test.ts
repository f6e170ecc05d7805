import { connectPostgres, type Database } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startPgBouncer } from '../../../testbed/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type DatabaseMaker, describeOnBoth, rowsOf, sql } from './databases.ts'

const numbers = Array.from({ length: 20 }, (_, index) => index)

describeOnBoth('a lane', start => {
  let maker: DatabaseMaker
  let database: Database
  beforeAll(async () => {
    maker = await start()
    database = await maker.make()
    await database.run(sql('CREATE TABLE step (place bigint GENERATED ALWAYS AS IDENTITY, number integer UNIQUE)'))
  })
  afterAll(() => maker?.[Symbol.asyncDispose]())

  it('carries statements out in their order, however many are sent at once', async () => {
    const lane = database.lane()
    // The first takes longest: whoever did not wait for it would be before it.
    const insert = (number: number) =>
      lane.run<{ number: number }>(
        sql('INSERT INTO step (number) SELECT $1 FROM pg_sleep($2) RETURNING number', [number, number === 0 ? 0.1 : 0]),
      )
    const answers = await Promise.all(numbers.map(insert))
    expect(answers.map(({ rows }) => rows[0]?.number)).toEqual(numbers)
    expect(await rowsOf(database, 'SELECT number FROM step ORDER BY place')).toEqual(
      numbers.map(number => ({ number })),
    )
  })

  it('leaves the others unharmed when one is refused', async () => {
    const lane = database.lane()
    const outcomes = await Promise.allSettled(
      [100, 100, 101].map(number => lane.run(sql('INSERT INTO step (number) VALUES ($1)', [number]))),
    )
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

describeWith(['postgres', 'pgbouncer'], 'a lane to a real PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres({ settings: { fsync: 'off' } })
  })
  afterAll(() => server?.stop())

  it('is one connection for all that come meanwhile', async () => {
    const database = connectPostgres({ url: server.url })
    const lane = database.lane()
    const look = () => lane.run<{ pid: number }>(sql('SELECT pg_backend_pid() AS pid FROM pg_sleep(0.05)'))
    const answers = await Promise.all([look(), look(), look()])
    expect(new Set(answers.map(({ rows }) => rows[0]?.pid)).size).toBe(1)
    await database.close()
  })

  it('goes on with another connection when its own is lost', async () => {
    const database = connectPostgres({ url: server.url })
    const lane = database.lane()
    const pid = async () => (await lane.run<{ pid: number }>(sql('SELECT pg_backend_pid() AS pid'))).rows[0]?.pid
    const before = await pid()
    const outcomes = Promise.allSettled([lane.run(sql('SELECT pg_sleep(30)')), lane.run(sql('SELECT 1'))])
    await database.run(sql('SELECT pg_terminate_backend($1)', [before]))
    expect((await outcomes).map(outcome => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'outcome_unknown',
      'outcome_unknown',
    ])
    expect(await pid()).not.toBe(before)
    await database.close()
  })

  it('makes way for others when the pool has no connection left, and keeps its order', async () => {
    const database = connectPostgres({ url: server.url, maxConnections: 1 })
    const lane = database.lane()
    const done: string[] = []
    let isOver = false
    async function ask(name: string, on: Pick<Database, 'run'>): Promise<void> {
      await on.run(sql('SELECT FROM pg_sleep(0.005)'))
      done.push(name)
    }
    /** Begins the next before the last is done, so that the lane is never idle. */
    const crowd = async (first: number) => {
      for (let number = first; !isOver; number += 2) await ask(`lane ${number}`, lane)
    }
    const crowds = [crowd(0), crowd(1)]
    await ask('other 1', database)
    await ask('other 2', database)
    isOver = true
    await Promise.all(crowds)
    expect(done).toEqual(expect.arrayContaining(['other 1', 'other 2']))
    const numbersOf = done.filter(name => name.startsWith('lane')).map(name => Number(name.slice(5)))
    expect(numbersOf).toEqual(numbersOf.toSorted((one, other) => one - other))
    await database.close()
  })

  it('passes PgBouncer in transaction mode, among callers that take its connections meanwhile', async () => {
    await using pooler = await startPgBouncer(server.url)
    const database = connectPostgres({ url: pooler.url, maxConnections: 4 })
    const lane = database.lane()
    const ask = (on: Pick<Database, 'run'>, number: number) =>
      on.run<{ number: number }>(sql('SELECT $1::integer AS number FROM pg_sleep(0.001)', [number]))
    const answers = await Promise.all(
      numbers.flatMap(number => [ask(lane, number), ask(database, number), ask(lane, -number)]),
    )
    expect(answers.map(({ rows }) => rows[0]?.number)).toEqual(numbers.flatMap(number => [number, number, 0 - number]))
    await database.close()
  })
})
