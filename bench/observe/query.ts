import mysql from 'mysql2'
import pg from 'pg'
import { Registry } from 'prom-client'
import { observeQueries } from 'reprise/observe-db'
import { loadPostgresParser } from 'reprise/sql'
import { startMariaDb } from '../../testbed/servers/mariadb.ts'
import { startPostgres } from '../../testbed/servers/postgres.ts'
import type { Effort } from '../measure/effort.ts'
import { type Answer, figure } from '../measure/report.ts'
import { queriesByHand } from './by-hand.ts'
import { alternate, type Contenders } from './contender.ts'

const barNs = 1_000
const barShare = 0.02
const timesPerTurn = 300
const fill = ['CREATE TABLE users (id int PRIMARY KEY, name varchar(50))', "INSERT INTO users VALUES (7, 'Ann')"]

/** What observing statements adds to a small query on a server of this machine, beside prom-client by hand. */
export async function queryQuestion(effort: Effort): Promise<Answer> {
  await using postgres = await startPostgres()
  await using maria = await startMariaDb()
  await loadPostgresParser()
  const turns = effort.rounds * effort.seconds * 4
  const answers = [
    { driver: 'pg', costs: await alternate(await pgContenders(postgres.url), turns, timesPerTurn) },
    { driver: 'mysql2', costs: await alternate(await mysqlContenders(maria.url), turns, timesPerTurn) },
  ]
  return {
    title: 'What observing statements costs',
    method:
      'One row by its primary key, one after another over one connection to a server of this machine; CPU time of the ' +
      'client’s thread, and time until the answer. `prom-client` is what an application writes itself, that knows the labels.',
    columns: ['driver', 'CPU µs a query', 'more than bare', 'time µs a query'],
    rows: answers.flatMap(({ driver, costs }) =>
      costs.map(({ name, cpuNs, wallNs }) => [
        `\`${driver}\`, ${name}`,
        figure(cpuNs / 1000, 2),
        figure((cpuNs - (costs[0]?.cpuNs ?? Number.NaN)) / 1000, 2),
        figure(wallNs / 1000, 1),
      ]),
    ),
    bars: answers.flatMap(({ driver, costs: [bare, byHand, observed] }) => {
      const more = (observed?.cpuNs ?? Number.NaN) - (byHand?.cpuNs ?? Number.NaN)
      const share = ((observed?.cpuNs ?? Number.NaN) - (bare?.cpuNs ?? Number.NaN)) / (bare?.wallNs ?? Number.NaN)
      return [
        {
          promise: `\`${driver}\`: at most ${barNs} ns beyond prom-client`,
          found: `${figure(more, 0)} ns`,
          isMet: more <= barNs,
        },
        {
          promise: `\`${driver}\`: at most ${barShare * 100} % of the time of a query more than bare`,
          found: `${figure(share * 100, 2)} %`,
          isMet: share <= barShare,
        },
      ]
    }),
  }
}

type Ask = () => Promise<unknown>

/** All ask over the same connection, as each connection has its own luck with the server's processes. */
function contendersOf(bare: Ask, observed: Ask, close: () => Promise<unknown>): Contenders {
  const count = queriesByHand()
  const sweep = (ask: Ask) => async (times: number) => {
    for (let time = 0; time < times; time += 1) await ask()
  }
  const byHand = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      const startedMs = performance.now()
      await bare()
      count(startedMs)
    }
  }
  return {
    all: [
      { name: 'bare', run: sweep(bare) },
      { name: 'prom-client', run: byHand },
      { name: 'observed', run: sweep(observed) },
    ],
    close,
  }
}

async function pgContenders(url: string): Promise<Contenders> {
  const client = new pg.Client(url)
  await client.connect()
  for (const text of fill) await client.query(text)
  const { query } = client
  const text = 'SELECT name FROM users WHERE id = $1'
  observeQueries(client, { registry: new Registry() })
  return contendersOf(
    () => Reflect.apply(query, client, [text, [7]]),
    () => client.query(text, [7]),
    () => client.end(),
  )
}

async function mysqlContenders(url: string): Promise<Contenders> {
  const connection = mysql.createConnection(url)
  for (const text of fill) await connection.promise().query(text)
  const { query } = connection
  const text = 'SELECT name FROM users WHERE id = ?'
  observeQueries(connection, { registry: new Registry() })
  const promised = (ask: (callback: (error: unknown, rows: unknown) => void) => unknown) => () =>
    new Promise((resolve, reject) => {
      ask((error, rows) => (error ? reject(error) : resolve(rows)))
    })
  return contendersOf(
    promised(callback => Reflect.apply(query, connection, [text, [7], callback])),
    promised(callback => connection.query(text, [7], callback)),
    () => connection.promise().end(),
  )
}
