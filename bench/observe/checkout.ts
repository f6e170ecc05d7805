import mysql from 'mysql2/promise'
import pg from 'pg'
import { Registry } from 'prom-client'
import { observePool } from 'reprise/observe-db'
import { startMariaDb } from '../../testbed/servers/mariadb.ts'
import { startPostgres } from '../../testbed/servers/postgres.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { poolByHand } from './by-hand.ts'
import { alternate, type Contenders } from './contender.ts'

const barNs = 1_000
const timesPerTurn = 20_000

/** What observing a pool adds to taking a connection and giving it back, beside prom-client by hand. */
export async function checkoutQuestion(effort: Effort): Promise<Answer> {
  await using postgres = await startPostgres()
  await using maria = await startMariaDb()
  const turns = effort.rounds * effort.seconds * 4
  const answers = [
    { driver: 'pg', costs: await alternate(pgContenders(postgres.url), turns, timesPerTurn) },
    { driver: 'mysql2', costs: await alternate(mysqlContenders(maria.url), turns, timesPerTurn) },
  ]
  return {
    title: 'What observing a pool costs',
    method:
      'A free connection is taken and given back, one after another; thread CPU time. `prom-client` is what an application ' +
      'writes itself: two gauges by the events of the pool, a histogram of the acquisition time.',
    columns: ['pool', 'ns a checkout and release', 'more than bare'],
    rows: answers.flatMap(({ driver, costs }) =>
      costs.map(({ name, cpuNs }) => [
        `\`${driver}\`, ${name}`,
        figure(cpuNs, 0),
        figure(cpuNs - (costs[0]?.cpuNs ?? Number.NaN), 0),
      ]),
    ),
    bars: answers.map(({ driver, costs: [, byHand, observed] }) => {
      const more = (observed?.cpuNs ?? Number.NaN) - (byHand?.cpuNs ?? Number.NaN)
      return {
        promise: `\`${driver}\`: at most ${barNs} ns beyond prom-client`,
        found: `${figure(more, 0)} ns`,
        isMet: more <= barNs,
      }
    }),
  }
}

function pgContenders(url: string): Contenders {
  const open = () => new pg.Pool({ connectionString: url })
  const [bare, counted] = [open(), open()]
  const observed = observePool(open(), { registry: new Registry(), name: 'bench' })
  const { acquired } = poolByHand(counted)
  const sweep = (pool: pg.Pool) => async (times: number) => {
    for (let time = 0; time < times; time += 1) (await pool.connect()).release()
  }
  const byHand = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      const startedMs = performance.now()
      const client = await counted.connect()
      acquired(startedMs)
      client.release()
    }
  }
  return {
    all: [
      { name: 'bare', run: sweep(bare) },
      { name: 'prom-client', run: byHand },
      { name: 'observed', run: sweep(observed) },
    ],
    close: () => Promise.all([bare, counted, observed].map(pool => pool.end())),
  }
}

function mysqlContenders(url: string): Contenders {
  const open = () => mysql.createPool({ uri: url })
  const [bare, counted] = [open(), open()]
  const observed = observePool(open(), { registry: new Registry(), name: 'bench' })
  const { acquired } = poolByHand(counted)
  const sweep = (pool: mysql.Pool) => async (times: number) => {
    for (let time = 0; time < times; time += 1) (await pool.getConnection()).release()
  }
  const byHand = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      const startedMs = performance.now()
      const connection = await counted.getConnection()
      acquired(startedMs)
      connection.release()
    }
  }
  return {
    all: [
      { name: 'bare', run: sweep(bare) },
      { name: 'prom-client', run: byHand },
      { name: 'observed', run: sweep(observed) },
    ],
    close: () => Promise.all([bare, counted, observed].map(pool => pool.end())),
  }
}
