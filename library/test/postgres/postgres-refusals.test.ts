import { RepriseError } from 'reprise'
import { connectPostgres, type Database } from 'reprise/postgres'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { rowsOf, sql } from './databases.ts'

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    error => (error instanceof RepriseError ? error.code : error),
  )

describeWith(['postgres'], 'a PostgreSQL that cannot serve just now', () => {
  let server: PostgresServer
  let admin: Database
  beforeAll(async () => {
    server = await startPostgres({
      settings: { fsync: 'off', max_connections: '12', superuser_reserved_connections: '3' },
    })
    admin = connectPostgres({ url: server.url, applicationName: 'admin' })
    await admin.run(sql('CREATE ROLE guest LOGIN; CREATE TABLE note (words text); GRANT ALL ON note TO guest'))
  })
  afterAll(async () => {
    await admin?.close()
    await server?.stop()
  })
  const connect = (maxConnections = 4) =>
    connectPostgres({ url: server.url.replace('postgres@', 'guest@'), maxConnections, connectLimitMs: 1_000 })

  it('is away for whoever it logs off, and the outcome of a write that it cut off is unknown', async () => {
    const database = connect()
    const logOff = () =>
      setTimeout(() => {
        void rowsOf(admin, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guest'`)
      }, 100)
    logOff()
    expect(await codeOf(database.run(sql('SELECT pg_sleep(2)')))).toBe('outcome_unknown')
    logOff()
    expect(await codeOf(database.transaction(t => t.run(sql('SELECT pg_sleep(2)'))))).toBe('database_unavailable')
    expect(await codeOf(database.run(sql('SELECT 1')))).toBe('done')
    await database.close()
  })

  it('is away while it only reads, as a standby does, and writes again over new connections', async () => {
    const database = connect()
    await admin.run(sql('ALTER ROLE guest SET default_transaction_read_only = on'))
    expect(await codeOf(database.run(sql(`INSERT INTO note VALUES ('one')`)))).toBe('database_unavailable')
    await admin.run(sql('ALTER ROLE guest RESET default_transaction_read_only'))
    expect(await codeOf(database.run(sql(`INSERT INTO note VALUES ('one')`)))).toBe('done')
    await database.close()
  })

  it('is away for a statement that its own limit cut off, and the connection goes on', async () => {
    await admin.run(sql(`ALTER ROLE guest SET statement_timeout = '100ms'`))
    const database = connect(1)
    const { pid } = (await rowsOf<{ pid: number }>(database, 'SELECT pg_backend_pid() AS pid'))[0] ?? { pid: 0 }
    expect(await codeOf(database.run(sql('SELECT pg_sleep(2)')))).toBe('database_unavailable')
    expect(await rowsOf(database, 'SELECT pg_backend_pid() AS pid')).toEqual([{ pid }])
    await admin.run(sql('ALTER ROLE guest RESET statement_timeout'))
    await database.close()
  })

  it('is away for those who find no place in it, and nobody else suffers', async () => {
    const database = connect(20)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => codeOf(database.run(sql('SELECT pg_sleep(0.2)')))),
    )
    expect(new Set(answers)).toEqual(new Set(['done', 'database_unavailable']))
    const later = await Promise.all(Array.from({ length: 4 }, () => codeOf(database.run(sql('SELECT 1')))))
    expect(later).toEqual(['done', 'done', 'done', 'done'])
    await database.close()
  })

  it('is not asked by more callers than can wait', async () => {
    const database = connect(1)
    const calls = Array.from({ length: 10_100 }, () => codeOf(database.run(sql('SELECT 1'))))
    const answers = await Promise.all(calls)
    expect(answers.filter(answer => answer === 'overloaded').length).toBeGreaterThan(50)
    expect(await codeOf(database.run(sql('SELECT 1')))).toBe('done')
    await database.close()
  })
})
