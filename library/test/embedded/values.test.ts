import { openEmbeddedDatabase } from 'reprise/embedded'
import { connectPostgres, type Database } from 'reprise/postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'
import { manualClock } from './manual-clock.ts'
import { read } from './statements.ts'

const uuid = '5f7c0f2e-7d3b-4c7a-9a51-0c2f6f0b9d11'
const date = new Date('2026-01-31T12:00:00.250Z')
const words = [
  'plain',
  '',
  'NULL',
  ' spaced ',
  '"quoted"',
  'back\\slash',
  'comma,{brace}',
  'new\nline',
  "it's",
  '😀 é 漢字 ‮',
]

interface Sample {
  readonly about: string
  readonly text: string
  readonly values?: readonly unknown[]
  readonly expected: unknown
}

/** Each statement answers one column `v`. */
const samples: readonly Sample[] = [
  { about: 'a bigint', text: 'SELECT 9007199254740991::bigint AS v', expected: Number.MAX_SAFE_INTEGER },
  { about: 'a count', text: 'SELECT count(*) AS v FROM generate_series(1, 3)', expected: 3 },
  { about: 'a numeric', text: 'SELECT 1.50::numeric AS v', expected: 1.5 },
  { about: 'a double', text: 'SELECT 0.1::float8 + 0.2 AS v', expected: 0.1 + 0.2 },
  { about: 'not a number', text: "SELECT 'NaN'::float8 AS v", expected: Number.NaN },
  { about: 'infinity', text: "SELECT '-Infinity'::float8 AS v", expected: Number.NEGATIVE_INFINITY },
  { about: 'a real', text: 'SELECT 1.25::real AS v', expected: 1.25 },
  { about: 'a boolean', text: 'SELECT false AS v', expected: false },
  { about: 'an absent value', text: 'SELECT NULL::jsonb AS v', expected: null },
  { about: 'a uuid', text: 'SELECT $1::uuid AS v', values: [uuid.toUpperCase()], expected: uuid },
  { about: 'an instant', text: 'SELECT $1::timestamptz AS v', values: [date], expected: date },
  { about: 'an instant as text', text: 'SELECT $1::timestamptz AS v', values: [date.toISOString()], expected: date },
  {
    about: 'an instant of microseconds',
    text: "SELECT '2026-01-31 12:00:00.250999Z'::timestamptz AS v",
    expected: date,
  },
  {
    about: 'an old instant',
    text: "SELECT '0044-03-15 12:00:00+00 BC'::timestamptz AS v",
    expected: new Date('-000043-03-15T12:00:00Z'),
  },
  { about: 'a far instant', text: "SELECT 'infinity'::timestamptz AS v", expected: Number.POSITIVE_INFINITY },
  { about: 'a date', text: "SELECT '2026-01-31'::date AS v", expected: '2026-01-31' },
  {
    about: 'a local time',
    text: "SELECT '2026-01-31 12:00:00.25'::timestamp AS v",
    expected: new Date(2026, 0, 31, 12, 0, 0, 250),
  },
  { about: 'json', text: 'SELECT $1::json AS v', values: [{ a: [1, null] }], expected: { a: [1, null] } },
  { about: 'jsonb', text: 'SELECT $1::jsonb AS v', values: ['"text"'], expected: 'text' },
  {
    about: 'bytes',
    text: 'SELECT $1::bytea AS v',
    values: [new Uint8Array([0, 92, 255])],
    expected: new Uint8Array([0, 92, 255]),
  },
  { about: 'no bytes', text: 'SELECT $1::bytea AS v', values: [new Uint8Array()], expected: new Uint8Array() },
  { about: 'text of all kinds', text: 'SELECT $1::text AS v', values: [words.join('|')], expected: words.join('|') },
  { about: 'texts', text: 'SELECT $1::text[] AS v', values: [[...words, null]], expected: [...words, null] },
  { about: 'no texts', text: 'SELECT $1::text[] AS v', values: [[]], expected: [] },
  {
    about: 'nested texts',
    text: "SELECT '{{a,b},{c,NULL}}'::text[] AS v",
    expected: [
      ['a', 'b'],
      ['c', null],
    ],
  },
  { about: 'bigints', text: 'SELECT $1::bigint[] AS v', values: [[1, null, -5]], expected: [1, null, -5] },
  { about: 'uuids', text: 'SELECT $1::uuid[]::text[] AS v', values: [[uuid, null]], expected: [uuid, null] },
  { about: 'instants', text: 'SELECT $1::timestamptz[] AS v', values: [[date, null]], expected: [date, null] },
  {
    about: 'booleans',
    text: 'SELECT $1::boolean[] AS v',
    values: [[true, null, false]],
    expected: [true, null, false],
  },
  { about: 'one of many', text: 'SELECT 5 = ANY ($1::integer[]) AS v', values: [[4, 5]], expected: true },
  {
    about: 'bytes in an array',
    text: 'SELECT (\'{"\\\\x01ff"}\'::bytea[])[1] AS v',
    expected: new Uint8Array([1, 255]),
  },
  { about: 'a number', text: 'SELECT $1::integer AS v', values: [7], expected: 7 },
  { about: 'a big integer', text: 'SELECT $1::bigint AS v', values: [12n], expected: 12 },
  { about: 'what is not given', text: 'SELECT $1::text AS v', values: [undefined], expected: null },
]

async function valuesOf(database: Database): Promise<unknown[]> {
  const values: unknown[] = []
  for (const { text, values: parameters = [] } of samples) {
    const { rows } = await database.run<{ v: unknown }>(read(text, ...parameters))
    values.push(rows[0]?.v)
  }
  return values
}

describe('values of the embedded database', () => {
  let home: PrivateDirectory
  let database: Database
  beforeAll(async () => {
    home = await privateDirectory('values')
    database = await openEmbeddedDatabase({ directory: home.path, clock: manualClock() })
  })
  afterAll(async () => {
    await database.close()
    await home[Symbol.asyncDispose]()
  })

  it.each(samples)('come and go rightly: $about', async ({ text, values = [], expected }) => {
    const { rows } = await database.run(read(text, ...values))
    expect(rows).toEqual([{ v: expected }])
  })

  it('unnest side by side, with absent ones', async () => {
    const text = `SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[])
      AS item (words, id, size, at)`
    const { rows } = await database.run(read(text, ['a', null], [null, uuid], [1, null], [null, date]))
    expect(rows).toEqual([
      { words: 'a', id: null, size: 1, at: null },
      { words: null, id: uuid, size: null, at: date },
    ])
  })

  it('keep their size: a text of 8 MB and 20,000 rows', async () => {
    const long = 'é'.repeat(4 * 1024 * 1024)
    expect((await database.run(read('SELECT $1::text AS v', long))).rows).toEqual([{ v: long }])
    const { rows } = await database.run<{ n: number }>(read('SELECT n FROM generate_series(1, 20000) AS n'))
    expect(rows.map(row => row.n)).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1))
  })

  it('keep their depth: json of 50,000 levels', async () => {
    const depth = 50_000
    const { rows } = await database.run<{ v: unknown }>(
      read(`SELECT (repeat('[', ${depth}) || repeat(']', ${depth}))::json AS v`),
    )
    let levels = 0
    for (let inner = rows[0]?.v; Array.isArray(inner); inner = inner[0]) levels += 1
    expect(levels).toBe(depth)
  })

  it('are refused where PostgreSQL cannot keep them', async () => {
    await expect(database.run(read('SELECT $1::text', 'a\0b'))).rejects.toMatchObject({ sqlState: '22021' })
  })

  describeWith(['postgres'], 'beside a real PostgreSQL', () => {
    let server: PostgresServer
    let real: Database
    beforeAll(async () => {
      server = await startPostgres()
      real = connectPostgres({ url: server.url })
    })
    afterAll(async () => {
      await real?.close()
      await server?.stop()
    })

    it('are the same', async () => {
      expect(await valuesOf(database)).toEqual(await valuesOf(real))
    })
  })
})
