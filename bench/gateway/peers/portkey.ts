import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type HttpProcess, startHttpProcess } from '../../measure/http-process.ts'

const run = promisify(execFile)
const version = '1.15.2'

/** Portkey's gateway in a process of its own; undefined where it cannot be installed. */
export async function startPortkey(): Promise<HttpProcess | undefined> {
  const program = await installed().catch(() => undefined)
  if (program === undefined) return undefined
  // It asks upstreams on this machine only where their hosts are named.
  const variables = ['NODE_ENV=production', 'TRUSTED_CUSTOM_HOSTS=127.0.0.1']
  return startHttpProcess('portkey', '/', port => [
    '/usr/bin/env',
    ['-i', ...variables, process.execPath, program, `--port=${port}`, '--headless'],
  ])
}

/** Its program; installed once, apart from what Reprise is built and tested with. */
async function installed(): Promise<string> {
  const directory = fileURLToPath(new URL(`../../../node_modules/.cache/portkey-${version}`, import.meta.url))
  const program = join(directory, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (existsSync(program)) return program
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'package.json'), '{"private":true}')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', directory]
  await run('npm', ['install', ...flags, `@portkey-ai/gateway@${version}`], { timeout: 300_000 })
  return program
}
