import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { createCache } from 'reprise'
import { queryCache } from 'reprise/query'
import { redis } from 'reprise/redis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../testbed/servers/redis.ts'
import { type DriverCase, driverCases, type Session, type TestDatabase } from './databases.ts'

const tables = ['red', 'blue'] as const
type Table = (typeof tables)[number]

/** What somebody does: in which process, after how many turns of the event loop, to which table. */
interface Deed {
  readonly kind:
    | 'read'
    | 'readBoth'
    | 'readInTransaction'
    | 'write'
    | 'commit'
    | 'rollback'
    | 'savepoint'
    | 'invalidate'
  readonly process: 0 | 1
  readonly table: Table
  readonly turns: number
}

const deed = fc.record<Deed>({
  kind: fc.constantFrom(
    'read',
    'read',
    'read',
    'readBoth',
    'readInTransaction',
    'write',
    'write',
    'commit',
    'rollback',
    'savepoint',
    'invalidate',
  ),
  process: fc.constantFrom(0, 1),
  table: fc.constantFrom(...tables),
  turns: fc.nat(12),
})

/** What is not to stay: reads show it only when they see what was never committed. */
const dirt = 1_000_000

/** What is known of each table: every write adds one. */
class Model {
  /** Writes acknowledged, by the process that made them. */
  readonly acknowledged = { red: [0, 0], blue: [0, 0] }
  /** Writes begun. */
  readonly begun = { red: 0, blue: 0 }

  /** A read of a process that begins now may show nothing less: what itself acknowledged before. */
  floor(table: Table, process: number): number {
    return this.acknowledged[table][process] ?? 0
  }

  async write(table: Table, process: 0 | 1, work: () => Promise<unknown>): Promise<void> {
    this.begun[table] += 1
    await work()
    const counts = this.acknowledged[table]
    counts[process] = (counts[process] ?? 0) + 1
  }
}

describeWith(['postgres', 'mariadbd', 'redis-server'], 'no read is older than a write before it', () => {
  let servers: { readonly postgres: PostgresServer; readonly mysql: MariaDbServer }
  let redisServer: RedisServer
  let runs = 0

  beforeAll(async () => {
    servers = { postgres: await startPostgres({ settings: { fsync: 'off' } }), mysql: await startMariaDb() }
    redisServer = await startRedis()
  })
  afterAll(async () => {
    await servers?.postgres.stop()
    await servers?.mysql.stop()
    await redisServer?.stop()
  })

  for (const driver of driverCases.filter(({ name }) => !name.includes('callbacks'))) {
    for (const tier of ['memory', 'redis'] as const) {
      it(`D2 whatever overlaps, no read shows less than was acknowledged before it began, nor what was rolled back (${driver.name}, ${tier})`, async () => {
        const url = servers[driver.language].url
        await using plain = driver.open(url, undefined)
        for (const table of tables) await plain.run(`CREATE TABLE IF NOT EXISTS ${table} (n INT)`)
        await fc.assert(
          fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 40 }), async deeds => {
            for (const table of tables) {
              await plain.run(`DELETE FROM ${table}`)
              await plain.run(`INSERT INTO ${table} VALUES (0)`)
            }
            await play(deeds, driver, tier, url)
          }),
          { numRuns: 25, interruptAfterTimeLimit: 20_000 },
        )
      })
    }
  }

  async function play(deeds: readonly Deed[], driver: DriverCase, tier: 'memory' | 'redis', url: string) {
    runs += 1
    const model = new Model()
    // Without a shared tier two processes share nothing that could be told: one it is.
    const processes = await Promise.all(
      (tier === 'redis' ? [0, 1] : [0]).map(() =>
        openProcess(driver, tier === 'redis' ? redisServer.url : undefined, url, `run-${runs}`),
      ),
    )
    try {
      const doings = deeds.map(async ({ turns, process, ...each }) => {
        for (let turn = 0; turn < turns; turn += 1) await nextTurn()
        const own = tier === 'redis' ? process : 0
        const mine = processes[own]
        if (mine !== undefined) await carryOut({ ...each, process: own, turns }, model, mine)
      })
      await Promise.all(doings)
      for (const table of tables) {
        for (const [index, process] of processes.entries()) {
          const sum = (model.acknowledged[table][0] ?? 0) + (model.acknowledged[table][1] ?? 0)
          // The other process hears of the last writes by the bus.
          if (tier === 'redis') await expect.poll(() => process.read(table), { timeout: 10_000, interval: 2 }).toBe(sum)
          else expect(await process.read(table), `${table} in process ${index}`).toBe(sum)
        }
      }
    } finally {
      for (const process of processes) await process.close()
    }
  }
})

type Process = Awaited<ReturnType<typeof openProcess>>

async function carryOut({ kind, process, table }: Deed, model: Model, own: Process): Promise<void> {
  const { db, read, readBoth, queries } = own
  const add = (session: Session, to: Table) => session.run(`UPDATE ${to} SET n = n + 1`)
  const judge = (value: number, floor: number, of: Table) => {
    expect(value).toBeGreaterThanOrEqual(floor)
    expect(value).toBeLessThanOrEqual(model.begun[of])
  }
  switch (kind) {
    case 'read': {
      const floor = model.floor(table, process)
      judge(await read(table), floor, table)
      return
    }
    case 'readBoth': {
      const floors = tables.map(each => model.floor(each, process))
      for (const [index, value] of (await readBoth()).entries())
        judge(value, floors[index] ?? 0, tables[index] ?? 'red')
      return
    }
    case 'readInTransaction':
      await dirtily(db, table, session => own.readOn(session, table))
      return
    case 'write':
      await model.write(table, process, () => add(db, table))
      return
    case 'commit':
      await model.write(table, process, () =>
        db.transaction(async session => {
          await add(session, table)
          await nextTurn()
        }),
      )
      return
    case 'savepoint':
      await model.write(table, process, () =>
        db.transaction(async session => {
          await add(session, table)
          await session.run('SAVEPOINT s')
          await session.run(`UPDATE ${table} SET n = n + ${dirt}`)
          await session.run('ROLLBACK TO SAVEPOINT s')
        }),
      )
      return
    case 'rollback':
      await dirtily(db, table, nextTurn)
      return
    case 'invalidate':
      await queries.invalidateTables([table])
  }
}

/** Writes what nobody may ever see, does something meanwhile, and takes it back. */
async function dirtily(db: TestDatabase, table: Table, work: (session: Session) => Promise<unknown>): Promise<void> {
  const undo = new Error('undo')
  const undone = db.transaction(async session => {
    await session.run(`UPDATE ${table} SET n = n + ${dirt}`)
    await work(session)
    throw undo
  })
  await undone.catch(error => {
    if (error !== undo) throw error
  })
}

async function openProcess(driver: DriverCase, redisUrl: string | undefined, url: string, name: string) {
  const limits = { commandTimeoutMs: 5_000, writeTimeoutMs: 5_000 }
  const cache = createCache({
    name: `never-older-${driver.name}`,
    ...(redisUrl === undefined ? {} : { redis: redis({ url: redisUrl, ...limits }) }),
  })
  const queries = queryCache(cache, { name, ttl: '1h' })
  const db = driver.open(url, queries)
  const value = async (session: Session, table: Table) => {
    const [row] = await session.run(`SELECT n FROM ${table}`)
    // Time in which others may write.
    await nextTurn()
    return Number(row?.['n'])
  }
  // Which session reads is no part of the key: what is read in a transaction lies under the same one.
  const readOn = queries.cached('one', { key: (_, table) => table }, value)
  const read = (table: Table) => readOn(db, table)
  const readBoth = queries.cached('both', {}, () => Promise.all(tables.map(read)))
  const close = async () => {
    await db[Symbol.asyncDispose]()
    await cache.close()
  }
  return { db, queries, read, readBoth, readOn: (session: Session, table: Table) => readOn(session, table), close }
}
