import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { type MariaDbServer, startMariaDb } from '../../../testbed/servers/mariadb.ts'
import { type PostgresServer, startPostgres } from '../../../testbed/servers/postgres.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')

describe('examples of cached queries', () => {
  it('D2 cached-methods.ts caches methods by the standard decorator', async () => {
    // Beside the packages that it imports.
    const built = await mkdtemp(join(root, 'node_modules', '.reprise-example-'))
    try {
      const options = ['--target', 'es2022', '--module', 'nodenext', '--types', 'node', '--skipLibCheck', '--strict']
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
      await run(process.execPath, [
        compiler,
        join(root, 'examples', 'cached-methods.ts'),
        '--ignoreConfig',
        '--outDir',
        built,
        ...options,
      ])
      const { stdout } = await run(process.execPath, [join(built, 'cached-methods.js')])
      expect(stdout).toBe('Ada Ada 1\nGrace 2\n')
    } finally {
      await rm(built, { recursive: true })
    }
  })
})

describeWith(['postgres', 'mariadbd'], 'examples of cached queries on real servers', () => {
  let postgres: PostgresServer
  let mariadb: MariaDbServer

  beforeAll(async () => {
    postgres = await startPostgres({ settings: { fsync: 'off' } })
    mariadb = await startMariaDb()
  })
  afterAll(async () => {
    await postgres?.stop()
    await mariadb?.stop()
  })

  it.each([
    ['queries-pg.ts', 'postgres'],
    ['queries-kysely.ts', 'postgres'],
    ['queries-drizzle.ts', 'postgres'],
    ['queries-mysql2.ts', 'mysql'],
  ] as const)('D2 %s serves from the cache, and what was written after it was', async (file, language) => {
    const url = language === 'postgres' ? postgres.url : mariadb.url
    const { stdout } = await run(process.execPath, [join(root, 'examples', file)], {
      env: { ...process.env, DATABASE_URL: url },
    })
    expect(stdout).toBe('1 product, asked 1 time\n1 product, asked 1 time\n2 products, asked 2 times\n')
  })
})
