import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { startPostgres } from '../../../testbed/servers/postgres.ts'
import { startReprise } from '../../../testbed/servers/reprise.ts'
import { splitStatements } from '../../src/cli/sql/split-statements.ts'
import { say } from '../contract/chat.ts'
import { runCli } from './run-cli.ts'

describe('reprise sql', () => {
  let directory: PrivateDirectory
  let environment: Record<string, string>
  beforeAll(async () => {
    directory = await privateDirectory('sql')
    environment = { DATA_DIR: directory.path }
    await using server = await startReprise({ ...environment, EMBEDDER: 'none' })
    await say(server.url, 'asked', 'Is it there?')
    const refused = await runCli(['sql', '-c', 'SELECT 1'], environment)
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Process \d+ .*uses the embedded database/),
    })
  })
  afterAll(() => directory[Symbol.asyncDispose]())

  it('answers in tables, keeps a transaction together, and knows its tables', async () => {
    const input = `
      -- What a person may type; also a semicolon;
      BEGIN; DELETE FROM cache_content_mapping; DELETE FROM message_cache; ROLLBACK;
      SELECT role, content, sequence + 1000000 AS big, NULL AS nothing
        FROM message_cache WHERE content <> 'a;b' AND content <> $$x;y$$
`
    const { code, stdout } = await runCli(['sql'], environment, { input })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^role +content +big +nothing$/m)
    expect(stdout).toMatch(/^user {2}Is it there\? {2}1000000$/m)
    expect(stdout).toMatch(/\(1 row\)\n$/)
    const described = await runCli(['sql'], environment, { input: '\\dt\n\\d message_cache\n\\q\nnever' })
    expect(described).toMatchObject({ code: 0, stdout: expect.stringMatching(/^message_cache {2,}\d+ kB/m) })
    expect(described.stdout).toMatch(/^sequence +bigint +not null/m)
    expect(described.stdout).toContain('message_cache_pkey')
  })

  it('answers programs in JSON, and ends at the first failure with exit code 1', async () => {
    const input = "SELECT 1 AS one, '{\"a\":[1]}'::jsonb AS json, '\\x00ff'::bytea AS bytes; SELECT nothing; SELECT 2;"
    const { code, stdout, stderr } = await runCli(['sql', '--json'], environment, { input })
    expect([code, stderr]).toEqual([1, 'reprise: column "nothing" does not exist\n'])
    expect(JSON.parse(stdout)).toEqual({ row_count: 1, rows: [{ one: 1, json: { a: [1] }, bytes: '\\x00ff' }] })
    expect(await runCli(['sql', '-c', '\\dx'], environment)).toMatchObject({ code: 2 })
  })

  it('begins no database', async () => {
    const missing = await runCli(['sql', '-c', 'SELECT 1'], { DATA_DIR: `${directory.path}/none` })
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('does not exist') })
  })
})

describeWith(['postgres'], 'reprise sql on a real PostgreSQL', () => {
  it('keeps a transaction together there, too', async () => {
    await using postgres = await startPostgres({ settings: { fsync: 'off' } })
    const input = 'CREATE TABLE t (n int); BEGIN; INSERT INTO t VALUES (1); ROLLBACK; SELECT count(*) AS n FROM t'
    const { stdout } = await runCli(['sql', '--json'], { DATABASE_URL: postgres.url }, { input })
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({ row_count: 1, rows: [{ n: 0 }] })
  })
})

describe('splitting statements', () => {
  const pieces = ['SELECT 1', "'a;b'", '"x;y"', '$$;$$', '$t$ ; $$ $t$', '/* ; */', '-- ;\n', "E'\\';'", ' x ', '\n']

  it('cuts at no semicolon that stands inside something', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.constantFrom(...pieces), { minLength: 1 }), { maxLength: 6 }), given => {
        const statements = given.map(parts => ` ${parts.join(' ')} SELECT 2 `)
        const split = splitStatements(`${statements.join(';')};`)
        expect(split).toEqual({ statements: statements.map(text => text.trim()), rest: '' })
      }),
    )
  })

  it('keeps what is not ended yet, and nothing of blanks and comments', () => {
    expect(splitStatements("SELECT 1; SELECT 'a;")).toEqual({ statements: ['SELECT 1'], rest: "SELECT 'a;" })
    expect(splitStatements(';; -- over\n /* and out')).toEqual({ statements: [], rest: '' })
  })
})
