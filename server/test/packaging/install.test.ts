import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../testbed/free-port.ts'
import { type PrivateDirectory, privateDirectory } from '../../../testbed/private-directory.ts'
import { blocksOf, readPage } from '../docs/pages.ts'
import { post } from '../http/exchange.ts'
import { startLocalRegistry } from './local-registry.ts'
import { pack } from './packed.ts'

const run = promisify(execFile)

describe('the packages, installed in an empty folder', () => {
  let home: PrivateDirectory
  let folder = ''
  beforeAll(async () => {
    home = await privateDirectory('packed')
    folder = join(home.path, 'app')
    await mkdir(folder)
    await writeFile(join(folder, 'package.json'), '{"name":"app","private":true,"type":"module"}')
    const tarballs = [await pack('library', home.path), await pack('server', home.path)]
    await using registry = await startLocalRegistry()
    const flags = ['--no-audit', '--no-fund', '--registry', registry.url, '--cache', join(home.path, 'cache')]
    // The lifecycle scripts of packages stay on: none has any.
    await run('npm', ['install', ...flags, ...tarballs], { cwd: folder })
  }, 240_000)
  afterAll(() => home[Symbol.asyncDispose]())

  it('run the example of the library’s README, as it is', async () => {
    const [example] = blocksOf(readPage('library/README.md')).filter(({ language }) => language === 'ts')
    await writeFile(join(folder, 'example.ts'), example?.text ?? '')
    const { stdout } = await run(process.execPath, ['example.ts'], { cwd: folder })
    const said = [...(example?.text ?? '').matchAll(/console\.log.*\/\/ (.*)/g)].map(([, text]) => `${text}\n`)
    expect(said).toHaveLength(2)
    expect(stdout).toBe(said.join(''))
  })

  it('run `npx reprise-server demo`', async () => {
    const port = await freePort()
    const args = ['--offline', 'reprise-server', 'demo', '--port', `${port}`, '--no-traffic', '--delay', '0']
    const demo = spawn('npx', args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      await untilSaid(demo, `Reprise listens on http://127.0.0.1:${port}`)
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello from a package' }] }
      const ask = () => post(`http://127.0.0.1:${port}/v1/chat/completions`, body)
      expect((await ask()).headers.get('x-reprise-cache')).toBe('miss')
      await expect.poll(async () => (await ask()).headers.get('x-reprise-cache')).toBe('hit')
      expect((await fetch(`http://127.0.0.1:${port}/admin/cache`)).status).toBe(200)
    } finally {
      await endGroup(demo)
    }
  }, 60_000)

  it('say in words what they need where Node.js is too old', async () => {
    // The first lines of the command ask for the version alone, so that claiming another one is enough.
    const claim = join(home.path, 'claim.cjs')
    await writeFile(claim, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })')
    const main = join(folder, 'node_modules/.bin/reprise-server')
    const refused = await run(process.execPath, ['--require', claim, main, 'demo']).catch((error: unknown) => error)
    const stderr = expect.stringMatching(/^reprise needs Node\.js 22\.15 or newer, and this is 20\.20\.2\./)
    expect(refused).toMatchObject({ code: 2, stderr })
  })
})

function untilSaid(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk
      if (said.includes(words)) resolve()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('close', code => reject(new Error(`it ended with ${code}: ${said}`)))
  })
}

/** npx runs the command in a process below its own, so that the group is asked to end. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return
  const ended = new Promise(resolve => child.once('close', resolve))
  process.kill(-child.pid, 'SIGTERM')
  await ended
}
