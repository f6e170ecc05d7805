import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DCLinter } from 'dclint'
import { validate } from 'dockerfile-utils'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { describeWith } from '../../../testbed/available.ts'
import { requireBinary } from '../../../testbed/binaries.ts'
import { freePort } from '../../../testbed/free-port.ts'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { repriseMain, startReprise } from '../../../testbed/servers/reprise.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { root } from '../docs/pages.ts'

const run = promisify(execFile)
const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8')
/** One line for each instruction. */
const instructions = dockerfile
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
  .filter(line => line.trim() !== '')
const last = instructions.slice(instructions.findLastIndex(line => line.startsWith('FROM ')))
const argumentsOf = (name: string) =>
  last.filter(line => line.startsWith(`${name} `)).map(line => line.slice(name.length + 1).trim())
const settingNames: readonly string[] = Object.values(settingsTable).map(({ name }) => name)

describe('the Dockerfile', () => {
  it('has no fault that editors know of, and pins what it starts from', () => {
    expect(validate(dockerfile)).toEqual([])
    for (const from of instructions.filter(line => line.startsWith('FROM '))) {
      expect(from).toMatch(/^FROM node:\d+\.\d+\.\d+-\w+-slim( AS \w+)?$/)
    }
  })

  it('runs as another user than root, whose directory holds the data, and leaves the workshop behind', () => {
    expect(argumentsOf('USER')).toEqual(['node'])
    expect(argumentsOf('VOLUME')).toEqual(['/data'])
    expect(argumentsOf('RUN').join()).toContain('chown node:node /data')
    expect(argumentsOf('ADD')).toEqual([])
    const copied = argumentsOf('COPY')
    for (const copy of copied) expect(copy).toMatch(/^--from=build \/build\/(?:node_modules|library\/|server\/)/)
    expect(instructions.filter(line => line.startsWith('RUN')).join()).toContain('npm ci --omit=dev --omit=optional')
  })

  it('copies what is there after a build, and sets what is a setting', async () => {
    const paths = argumentsOf('COPY').flatMap(copy =>
      [...copy.matchAll(/\/build\/(\S+)/g)].map(([, path = '']) => path),
    )
    expect(paths.length).toBeGreaterThan(5)
    for (const path of paths) await expect(run('ls', [join(root, path)])).resolves.toBeDefined()
    const names = [
      ...argumentsOf('ENV')
        .join(' ')
        .matchAll(/(\w+)=/g),
    ].map(([, name = '']) => name)
    expect(names.filter(name => name !== 'NODE_ENV' && !settingNames.includes(name))).toEqual([])
  })

  it('asks for its health by a command that says whether the server is ready', async () => {
    const [, command = '[]'] = /CMD (\[.*\])$/.exec(argumentsOf('HEALTHCHECK').join()) ?? []
    const [program, ...args]: string[] = JSON.parse(command)
    expect(program).toBe('node')
    await using server = await startReprise({ EMBEDDER: 'none' })
    const ask = (port: string) => run(process.execPath, args, { env: { PORT: port } })
    await expect(ask(new URL(server.url).port)).resolves.toBeDefined()
    await expect(ask(`${await freePort()}`)).rejects.toMatchObject({ code: 1 })
  })

  it('sends nothing to the build that is not meant for it', () => {
    const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
    const rules = lines.filter(line => line !== '' && !line.startsWith('#'))
    expect(rules[0]).toBe('*')
    expect(rules).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/data']))
    for (const folder of JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).workspaces) {
      expect(rules).toContain(`!${folder}`)
    }
  })
})

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string
        readonly environment?: Readonly<Record<string, string>>
        readonly volumes?: readonly { readonly type: string; readonly source: string }[]
        readonly ports?: readonly string[]
        readonly secrets?: readonly string[]
      }
    >
  >
  readonly secrets: Readonly<Record<string, unknown>>
}

describe('compose.yaml', () => {
  const compose: Compose = parse(readFileSync(join(root, 'compose.yaml'), 'utf8'))

  it('fits the schema of such files and the rules of their linter', () => {
    // The order of keys follows what a reader asks first.
    const ofOrder = [
      'service-dependencies-alphabetical-order',
      'service-keys-order',
      'service-ports-alphabetical-order',
    ]
    const orders = [...ofOrder, 'services-alphabetical-order', 'top-level-properties-order', 'no-build-and-image']
    const rules = Object.fromEntries(orders.map(rule => [rule, 0 as const]))
    const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] })
    const [result] = linter.lintFiles([join(root, 'compose.yaml')], false)
    expect(result?.messages).toEqual([])
  })

  it('sets what is a setting, mounts what is there, and can be reached from this machine alone', async () => {
    const { reprise, ...others } = compose.services
    expect(Object.keys(others).sort()).toEqual(['postgres', 'prometheus', 'redis'])
    expect(Object.keys(reprise?.environment ?? {}).filter(name => !settingNames.includes(name))).toEqual([])
    for (const { volumes = [], ports = [], secrets = [], image } of Object.values(compose.services)) {
      for (const { type, source } of volumes) {
        if (type === 'bind') await expect(run('ls', [join(root, source)])).resolves.toBeDefined()
      }
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
      for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret)
      expect(image).toMatch(/:v?\d+\.\d+/)
    }
  })

  it('hands its secrets to Reprise, which starts reachable from elsewhere with them', async () => {
    await using directory = await privateDirectory('secrets')
    await writeFile(join(directory.path, 'admin-key'), 'the admin key\n')
    await writeFile(join(directory.path, 'postgres-password'), 'hush\n')
    const { stdout } = await run('sh', [join(root, 'deploy/docker/with-secrets.sh'), 'config', '--json'], {
      cwd: directory.path,
      env: {
        PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
        SECRETS_DIR: directory.path,
        REPRISE_MAIN: repriseMain,
        HOST: '0.0.0.0',
        GUEST_AUTH: 'secret',
      },
    })
    const shown: readonly { readonly name: string; readonly value: unknown }[] = JSON.parse(stdout).settings
    const shownValue = (name: string) => shown.find(each => each.name === name)?.value
    expect(shownValue('DATABASE_URL')).toBe('postgres://reprise:***@postgres:5432/reprise')
    expect(shownValue('ADMIN_API_KEY')).toBe('***')
  })
})

describeWith(['promtool'], 'the scraping of compose.yaml', () => {
  it('is what Prometheus takes, with rules that exist', async () => {
    await using directory = await privateDirectory('scraping')
    await cp(join(root, 'deploy/prometheus'), directory.path, { recursive: true })
    const text = readFileSync(join(root, 'deploy/docker/prometheus.yml'), 'utf8')
    await mkdir(join(directory.path, 'secrets'))
    await writeFile(join(directory.path, 'secrets/admin-key'), 'key')
    const here = text
      .replaceAll('/etc/prometheus', directory.path)
      .replaceAll('/run/secrets', `${directory.path}/secrets`)
    await writeFile(join(directory.path, 'compose.yml'), here)
    const { stdout } = await run(requireBinary('promtool'), ['check', 'config', join(directory.path, 'compose.yml')])
    expect(stdout).toContain('2 rule files found')
  })
})
