import { Announcer, RepriseError } from 'reprise'
import { connectPostgres, type Database, type DatabaseEvents, type Statement, StatementError } from 'reprise/postgres'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { startProxy } from '../../../testbed/proxy.ts'
import { startPgBouncer } from '../../../testbed/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'

const read = (text: string, values: readonly unknown[] = []): Statement => ({
  text,
  values,
  labels: { queryType: 'SELECT', table: 'other' },
})
const write = (text: string, values: readonly unknown[] = []): Statement => ({
  text,
  values,
  labels: { queryType: 'INSERT', table: 'other' },
})
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    error => (error instanceof RepriseError ? error.code : error),
  )

describeWith(['postgres'], 'a real PostgreSQL', () => {
  let server: PostgresServer
  const open: Database[] = []
  const connect = (options: Partial<Parameters<typeof connectPostgres>[0]> = {}) => {
    const database = connectPostgres({ url: server.url, ...options })
    open.push(database)
    return database
  }

  beforeAll(async () => {
    server = await startPostgres()
    await connect().run(write('CREATE TABLE note (id integer PRIMARY KEY, words text)'))
  })
  afterEach(async () => {
    await connect().run(write('TRUNCATE note'))
    for (const database of open.splice(0)) await database.close()
  })
  afterAll(() => server?.stop())

  it('gives JavaScript values of the promised types', async () => {
    const { rows } = await connect().run(
      read(`SELECT 9007199254740991::bigint AS big, 1.5::numeric AS precise, count(*) AS counted,
        '2026-01-31T12:00:00.25Z'::timestamptz AS at, '2026-01-31'::date AS day, '{"a":[1]}'::jsonb AS parsed,
        '\\x00ff'::bytea AS bytes, ARRAY[1,NULL]::bigint[] AS bigs, true AS yes, NULL::text AS none`),
    )
    expect(rows).toEqual([
      {
        big: 9007199254740991,
        precise: 1.5,
        counted: 1,
        at: new Date('2026-01-31T12:00:00.250Z'),
        day: '2026-01-31',
        parsed: { a: [1] },
        bytes: new Uint8Array([0, 255]),
        bigs: [1, null],
        yes: true,
        none: null,
      },
    ])
  })

  it('takes texts, numbers, dates, bytes and arrays of them, NULLs included', async () => {
    const at = new Date('2026-07-01T00:00:00.123Z')
    const words = ['plain', 'with "quotes", {braces} and \\', 'żółw 🐢', null]
    const { rows } = await connect().run(
      read(
        'SELECT $1::text[] AS words, $2::timestamptz AS at, $3::bytea AS bytes, $4::bigint AS big, $5::bytea[] AS all',
        [words, at, new Uint8Array([1, 2, 250]), 2 ** 40, [new Uint8Array([7])]],
      ),
    )
    expect(rows).toMatchObject([{ words, at, bytes: new Uint8Array([1, 2, 250]), big: 2 ** 40 }])
  })

  it('rolls a transaction back when its work throws, and commits it when it returns', async () => {
    const database = connect({ maxConnections: 1 })
    const broken = database.transaction(async transaction => {
      await transaction.run(write(`INSERT INTO note VALUES (1, 'lost')`))
      throw new Error('changed my mind')
    })
    await expect(broken).rejects.toThrow('changed my mind')
    await database.transaction(async transaction => {
      await transaction.script(
        `INSERT INTO note VALUES (2, 'kept'); UPDATE note SET words = 'kept; twice' WHERE id = 2`,
      )
    })
    expect((await database.run(read('SELECT * FROM note'))).rows).toEqual([{ id: 2, words: 'kept; twice' }])
  })

  it('does not call a transaction stored whose failed statement was overlooked', async () => {
    const database = connect()
    const overlooked = database.transaction(async transaction => {
      await transaction.run(write('SELECT 1 / 0')).catch(() => {})
    })
    await expect(overlooked).rejects.toMatchObject({ name: 'StatementError', sqlState: '25P02' })
  })

  it('tells of a refused statement without its values', async () => {
    const database = connect()
    await database.run(write('INSERT INTO note VALUES (1)'))
    const doubled = await database.run(write('INSERT INTO note VALUES ($1, $2)', [1, 'secret'])).catch(error => error)
    expect(doubled).toBeInstanceOf(StatementError)
    expect(doubled).toMatchObject({ sqlState: '23505', constraint: 'note_pkey', table: 'note' })
    const unreadable = await database.run(read('SELECT $1::uuid', ['my secret'])).catch(error => error)
    expect(unreadable).toMatchObject({ sqlState: '22P02', message: 'invalid input syntax for type uuid' })
    expect(JSON.stringify([doubled, doubled.message, doubled.stack, unreadable.stack])).not.toContain('secret')
  })

  it('fails at once while the server is away, and works again by itself', async () => {
    const database = connect()
    await database.run(read('SELECT 1'))
    await server.kill('SIGQUIT')
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 50 }, () => codeOf(database.run(write('SELECT 1')))))
    expect(new Set(answers)).toEqual(new Set(['database_unavailable']))
    expect(await database.run(read('SELECT 1')).catch(error => error)).toMatchObject({ retryAfterSeconds: 1 })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    await server.restart()
    await expect.poll(() => codeOf(database.run(read('SELECT 1'))), { timeout: 2_000 }).toBe('done')
  })

  it('waits 3 seconds at most for a server that takes connections and says nothing, then fails quickly', async () => {
    await using proxy = await startProxy(server.port)
    const database = connect({ url: server.url.replace(`:${server.port}/`, `:${proxy.port}/`) })
    proxy.setHalfOpen(true)
    const startedAt = performance.now()
    expect(await codeOf(database.run(read('SELECT 1')))).toBe('database_unavailable')
    const firstMs = performance.now() - startedAt
    expect(firstMs).toBeGreaterThan(2_900)
    expect(firstMs).toBeLessThan(3_600)
    const later = await Promise.all([1, 2, 3, 4].map(() => timed(codeOf(database.run(read('SELECT 1'))))))
    expect(later.every(({ ms, value }) => ms < 300 && value === 'database_unavailable')).toBe(true)
    proxy.setHalfOpen(false)
    await expect.poll(() => codeOf(database.run(read('SELECT 1'))), { timeout: 5_000 }).toBe('done')
  })

  it('says that the outcome of a writing statement is unknown when its connection breaks, and of a COMMIT', async () => {
    await using proxy = await startProxy(server.port)
    const database = connect({ url: server.url.replace(`:${server.port}/`, `:${proxy.port}/`) })
    await database.run(read('SELECT 1'))
    const cutSoon = () => setTimeout(() => proxy.cut(), 100)
    cutSoon()
    expect(await codeOf(database.run(write('SELECT pg_sleep(1)')))).toBe('outcome_unknown')
    cutSoon()
    expect(await codeOf(database.run(read('SELECT pg_sleep(1)')))).toBe('database_unavailable')
    cutSoon()
    const beforeCommit = database.transaction(transaction => transaction.run(write('SELECT pg_sleep(1)')))
    expect(await codeOf(beforeCommit)).toBe('database_unavailable')
    const atCommit = database.transaction(async transaction => {
      await transaction.run(write(`INSERT INTO note VALUES (3, 'perhaps')`))
      proxy.setHalfOpen(true)
      cutSoon()
    })
    expect(await codeOf(atCommit)).toBe('outcome_unknown')
    proxy.setHalfOpen(false)
    await expect.poll(() => codeOf(database.run(read('SELECT 1'))), { timeout: 2_000 }).toBe('done')
  })

  it('drops idle connections that the server ended, without a word', async () => {
    const database = connect({ maxConnections: 4 })
    await Promise.all([1, 2, 3, 4].map(() => database.run(read('SELECT pg_sleep(0.05)'))))
    await connect({ applicationName: 'other' }).run(
      read(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reprise'`),
    )
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await codeOf(database.run(write('SELECT 1')))).toBe('done')
  })

  it('cancels a statement that takes too long, and frees what it held', async () => {
    const database = connect({ statementLimitMs: 300, maxConnections: 1 })
    expect(await codeOf(database.run(write('SELECT pg_sleep(20)')))).toBe('outcome_unknown')
    expect(await codeOf(database.transaction(t => t.run(write('SELECT pg_sleep(20)'))))).toBe('database_unavailable')
    const asleep = read(`SELECT count(*) AS asleep FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(20)%'
      AND state = 'active'`)
    await expect.poll(async () => (await database.run(asleep)).rows).toEqual([{ asleep: 0 }])
  })

  it('lets nobody wait longer than the limit for a free connection', async () => {
    const database = connect({ maxConnections: 1, connectLimitMs: 200 })
    const slow = database.run(read('SELECT pg_sleep(1)'))
    expect(await timed(codeOf(database.run(write('SELECT 1'))))).toMatchObject({ value: 'database_unavailable' })
    await slow
    expect(await codeOf(database.run(write('SELECT 1')))).toBe('done')
  })

  it('F5 F6 announces each statement and each change of the pool, whatever happened to the connection', async () => {
    const announcer = new Announcer<DatabaseEvents>()
    const queries: DatabaseEvents['query'][] = []
    const pools: DatabaseEvents['pool'][] = []
    announcer.on('query', query => queries.push(query))
    announcer.on('pool', pool => pools.push(pool))
    const database = connect({ announcer, maxConnections: 3, statementLimitMs: 200 })
    const labels = { queryType: 'INSERT', table: 'message_cache' } as const
    await database.run({ ...write('SELECT 1'), labels })
    await database.run(read('SELECT 1 / 0')).catch(() => {})
    await database.run(read('SELECT pg_sleep(5)')).catch(() => {})
    expect(queries.map(({ labels, failed }) => [labels.queryType, labels.table, failed])).toEqual([
      ['INSERT', 'message_cache', false],
      ['SELECT', 'other', true],
      ['SELECT', 'other', true],
    ])
    expect(queries[2]?.durationMs).toBeGreaterThan(190)
    expect(pools).toEqual([2, 3, 2, 3, 2, 3].map(available => ({ pool: 'reprise', size: 3, available })))
  })

  it('refuses calls after it was closed', async () => {
    const database = connect()
    await database.close()
    await database.close()
    expect(await codeOf(database.run(read('SELECT 1')))).toBe('database_unavailable')
  })

  it('names what is wrong with a URL without repeating its password', () => {
    for (const url of ['postgres//u:hunter2@h/d', 'mysql://u:hunter2@h/d', 'postgres://u:hunter2@h/d?sslmode=maybe']) {
      const refusal = refusalOf(() => connectPostgres({ url }))
      expect(refusal).toMatchObject({ code: 'invalid_setting', field: 'DATABASE_URL' })
      expect(String(refusal)).not.toContain('hunter2')
    }
  })

  describeWith(['pgbouncer'], 'behind PgBouncer in transaction mode', () => {
    it('runs statements and transactions side by side over shared sessions', async () => {
      await using pooler = await startPgBouncer(server.url)
      const database = connect({ url: pooler.url, maxConnections: 40 })
      const ids = Array.from({ length: 200 }, (_, id) => id)
      await Promise.all(
        ids.map(id =>
          id % 2 === 0
            ? database.run(write('INSERT INTO note VALUES ($1, $2)', [id, `note ${id}`]))
            : database.transaction(async transaction => {
                await transaction.run(write('INSERT INTO note VALUES ($1, NULL)', [id]))
                await transaction.run(write('UPDATE note SET words = $2 WHERE id = $1', [id, `note ${id}`]))
              }),
        ),
      )
      const { rows } = await database.run<{ words: string }>(read('SELECT words FROM note ORDER BY id'))
      expect(rows.map(row => row.words)).toEqual(ids.map(id => `note ${id}`))
    })
  })
})

function refusalOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

async function timed<Value>(work: Promise<Value>): Promise<{ readonly ms: number; readonly value: Value }> {
  const startedAt = performance.now()
  const value = await work
  return { ms: performance.now() - startedAt, value }
}
