import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { runCli } from './run-cli.ts'

interface Shown {
  readonly file: string | null
  readonly settings: readonly { readonly name: string; readonly value: unknown; readonly from: string }[]
}

it('reprise config shows every setting, where it came from, and nothing secret', async () => {
  await using directory = await privateDirectory('config')
  const file = join(directory.path, 'reprise.config.json')
  const upstreams = { own: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'hush-upstream', models: ['m'] } }
  await writeFile(file, JSON.stringify({ port: 81, logLevel: 'warn', upstreams }))
  const environment = {
    PORT: '82',
    DATABASE_URL: 'postgres://me:hush-database@db.example.com/reprise',
    REDIS_CLUSTER_NODES: 'rediss://:hush-redis@a.example.com:6379,b.example.com:6379',
    ADMIN_API_KEY: 'hush-admin',
    JWT_SECRET: 'hush-hush-hush-hush-hush-hush-hush-hush',
  }
  const { code, stdout } = await runCli(['config', '--json'], environment, { directory: directory.path })
  expect(code).toBe(0)
  expect(stdout).not.toContain('hush')
  const shown: Shown = JSON.parse(stdout)
  expect(shown.file).toBe(file)
  expect(shown.settings.map(({ name }) => name)).toEqual(Object.values(settingsTable).map(({ name }) => name))
  const found = (name: string) => shown.settings.find(each => each.name === name)
  expect(found('PORT')).toMatchObject({ value: 82, from: 'environment' })
  expect(found('LOG_LEVEL')).toMatchObject({ value: 'warn', from: 'file' })
  expect(found('UPSTREAMS')).toMatchObject({ value: { own: { ...upstreams.own, apiKey: '***' } }, from: 'file' })
  expect(found('CACHE_TTL_SECONDS')).toMatchObject({ value: 3600, from: 'default' })
  expect(found('DATABASE_URL')).toMatchObject({ value: 'postgres://me:***@db.example.com/reprise' })
  expect(found('ADMIN_API_KEY')).toMatchObject({ value: '***' })

  const table = await runCli(['config', '--changed'], environment, { directory: directory.path })
  expect(table.stdout).toMatch(/^LOG_LEVEL +warn +reprise\.config\.json$/m)
  expect(table.stdout).not.toContain('CACHE_TTL_SECONDS')
  const defaults = await runCli(['config', '--defaults'], environment, { directory: directory.path })
  expect(defaults.stdout).toMatch(/^PORT +8000 +default$/m)
  const wrong = await runCli(['config'], { PORT: 'x' })
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('PORT') })
})
