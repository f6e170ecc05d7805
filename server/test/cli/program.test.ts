import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { repriseMain, startReprise } from '../../../testbed/servers/reprise.ts'
import { runCli } from './run-cli.ts'

const commands = [
  ...['serve', 'demo', 'migrate', 'load', 'verify', 'stats', 'clear', 'cleanup', 'invalidate', 'explain', 'warm'],
  ...['outbox', 'export', 'erase', 'proxy', 'config', 'sql', 'doctor'],
]

describe('reprise', () => {
  it('shows its version and its help', async () => {
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    for (const command of commands) {
      expect(stdout).toContain(`\n  ${command}`)
      const help = await runCli([command, '--help'])
      expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: reprise') })
      // What is shown can be typed: one backslash, as in \dt.
      expect(help.stdout).not.toContain('\\\\')
      if (command !== 'serve') expect(help.stdout).toMatch(/\nExamples:\n(?: {2}.*\n)* {2}.*reprise /)
    }
  })

  it('answers wrong usage with exit code 2 and a hint', async () => {
    expect(await runCli(['lod', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean load?') })
    expect(await runCli(['serve', '--port', '1'])).toMatchObject({ code: 2 })
    expect(await runCli(['outbox', 'redrive'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') })
    expect(await runCli(['outbox', 'redrive', '1', '--all'])).toMatchObject({ code: 2 })
    expect(await runCli(['outbox', 'redrive', '1; DROP'])).toMatchObject({ code: 2 })
  })

  it('answers wrong settings with exit code 2 and all faults', async () => {
    const { code, stderr } = await runCli(['serve'], { PORT: 'x', REDIS_URL: 'http://x' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^reprise: 2 settings cannot be used:\n {2}PORT: [^\n]+\n {2}REDIS_URL: [^\n]+\n$/)
  })

  it('ends, with words, where a store cannot be opened or the port is taken', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'reprise-start-'))
    try {
      const settings = { DATA_DIR: join(directory, 'data'), EMBEDDER: 'none' }
      const wrongRedis = await runCli(['serve'], { ...settings, REDIS_URL: 'redis://127.0.0.1/database' })
      expect(wrongRedis).toMatchObject({ code: 2, stderr: expect.stringContaining('Redis') })
      await using server = await startReprise({ ...settings, DATA_DIR: join(directory, 'other') })
      const { port } = new URL(server.url)
      const taken = await runCli(['serve'], { ...settings, PORT: port })
      expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining(`PORT=${Number(port) + 1}`) })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('begins no database where a command only looks at one', async () => {
    const missing = join(tmpdir(), 'reprise-no-such-directory')
    expect(await runCli(['outbox', 'list'], { DATA_DIR: missing })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(missing),
    })
    expect(existsSync(missing)).toBe(false)
  })

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, [repriseMain, 'load', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    const stderr = await child.stderr.toArray()
    const code = await new Promise(resolve => child.on('close', resolve))
    expect([code, Buffer.concat(stderr).toString()]).toEqual([0, ''])
  })
})

describe('an older Node.js', () => {
  it('is told in words what is needed', async () => {
    // The first lines of main.ts ask for the version alone, so that claiming another one is enough.
    const claim = join(await mkdtemp(join(tmpdir(), 'reprise-old-')), 'claim.cjs')
    await writeFile(claim, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })')
    const child = spawn(process.execPath, ['--require', claim, repriseMain, 'serve'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const stderr = Buffer.concat(await child.stderr.toArray()).toString()
    const code = await new Promise(resolve => child.on('close', resolve))
    await rm(join(claim, '..'), { recursive: true })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^reprise needs Node\.js 22\.15 or newer, and this is 20\.20\.2\./)
  })
})

describe('reprise outbox', () => {
  let directory = ''
  let environment: Record<string, string>
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'reprise-outbox-'))
    environment = { DATA_DIR: directory }
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('says that a server is using the embedded database', async () => {
    await using _server = await startReprise({ ...environment, EMBEDDER: 'none' })
    const { code, stderr } = await runCli(['outbox', 'list'], environment)
    expect(code).toBe(1)
    expect(stderr).toContain(directory)
  })

  it('lists what waits, and redrives nothing where nothing was set aside', async () => {
    expect(JSON.parse((await runCli(['outbox', 'list', '--json'], environment)).stdout)).toMatchObject({
      ...{ pending: 0, dead: 0, items: [] },
    })
    expect(await runCli(['outbox', 'redrive', '--all'], environment)).toMatchObject({
      ...{ code: 0, stdout: '0 put back to work\n' },
    })
  })
})
