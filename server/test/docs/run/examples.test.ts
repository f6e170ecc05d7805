import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../../testbed/servers/postgres.ts'
import { type RedisServer, startRedis } from '../../../../testbed/servers/redis.ts'
import { type RepriseServer, startReprise } from '../../../../testbed/servers/reprise.ts'
import { type ModelServer, startModelServer } from '../../../src/demo/model-server.ts'
import { allPages, type Block, blocksOf, readPage } from '../pages.ts'
import { allExamples, type BuiltExamples, buildExamples, type Example, exampleOf } from './examples.ts'

const examples = allExamples()
const shown = allPages().map(path => ({ path, blocks: blocksOf(readPage(path)) }))
const isProgram = ({ language }: Block) => /^(?:ts|tsx|typescript|js|javascript)$/.test(language)

describe('the TypeScript that the pages show', () => {
  const pages = shown.filter(({ blocks }) => blocks.some(isProgram))

  it.each(pages)('$path shows examples, or parts of them', ({ blocks }) => {
    const strange = blocks.filter(block => isProgram(block) && exampleOf(block.text, examples) === undefined)
    expect(strange.map(({ line, text }) => `line ${line}:\n${text}`)).toEqual([])
  })
})

/** What an example prints: by its own last lines, or by the block of text that follows it on its page. */
function expectedOf(example: Example): string | undefined {
  if (example.prints !== undefined) return example.prints
  for (const { blocks } of shown) {
    const place = blocks.findIndex(block => isProgram(block) && block.text === example.text)
    const said = blocks[place + 1]
    if (place >= 0 && said?.language === 'text') return said.text
  }
  return undefined
}

const programs = examples.filter(({ path }) => !path.startsWith('config/'))
const needsServer = ({ text }: Example) => /DATABASE_URL|127\.0\.0\.1|OPENAI_BASE_URL|openai'/.test(text)

it('every example says what it prints', () => {
  expect(programs.filter(example => expectedOf(example) === undefined).map(({ path }) => path)).toEqual([])
})

describe('the examples', () => {
  let built: BuiltExamples
  beforeAll(async () => {
    built = await buildExamples({})
  })
  afterAll(() => built?.[Symbol.asyncDispose]())

  it.each(programs.filter(example => !needsServer(example)))('$path prints what it says', async example => {
    expect(steady(await built.run(example))).toBe(steady(expectedOf(example) ?? ''))
  })

  it.each(examples.filter(({ path }) => path.startsWith('config/')))('$path is a configuration', async example => {
    expect(await built.run(example)).toBe('')
  })
})

describeWith(['postgres', 'redis-server', 'mariadbd'], 'the examples that need servers', () => {
  let built: BuiltExamples
  let postgres: PostgresServer
  let mariadb: MariaDbServer
  let redis: RedisServer
  let model: ModelServer
  let reprise: RepriseServer

  beforeAll(async () => {
    model = await startModelServer()
    ;[postgres, mariadb, redis, reprise] = await Promise.all([
      startPostgres({ settings: { fsync: 'off' } }),
      startMariaDb(),
      startRedis(),
      startReprise({ UPSTREAM_BASE_URL: model.url }),
    ])
    built = await buildExamples({ 'redis://127.0.0.1:6379': redis.url, 'http://127.0.0.1:8000': reprise.url })
  })
  afterAll(async () => {
    await built?.[Symbol.asyncDispose]()
    await Promise.all([reprise?.stop(), postgres?.stop(), mariadb?.stop(), redis?.stop()])
    await model?.close()
  })

  it.each(programs.filter(needsServer))('$path prints what it says', async example => {
    const databaseUrl = example.text.includes("from 'mysql2") ? mariadb.url : await ownDatabase(postgres.url, example)
    const printed = await built.run(example, {
      DATABASE_URL: databaseUrl,
      OPENAI_API_KEY: 'me',
      OPENAI_BASE_URL: model.url,
    })
    expect(steady(printed)).toBe(steady(expectedOf(example) ?? ''))
  })
})

/** A database for one example: two of them may make tables of one name. */
async function ownDatabase(url: string, { path }: Example): Promise<string> {
  const name = path.replaceAll(/\W/g, '_')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

/** Seconds that are left differ from run to run. */
function steady(text: string): string {
  return text.replaceAll(/ttl=\d+/g, 'ttl=59')
}
