import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory } from '../private-directory.ts'
import { startServer } from './server-process.ts'

/** The command `reprise`, which runs what was built. */
export const repriseMain = fileURLToPath(new URL('../../server/bin/reprise.js', import.meta.url))

/** Whether this run of the tests is the one with all caching switched off. */
export const withoutCaches = process.env['REPRISE_TEST_ENABLE_CACHE'] === 'false'
/** Where answers say that messages are stored: in a copy of this name too, unless there are no copies. */
export const storesWith = (copy: string): readonly string[] => (withoutCaches ? ['postgresql'] : [copy, 'postgresql'])
const cachesOff: Readonly<Record<string, string>> = withoutCaches ? { ENABLE_CACHE: 'false' } : {}

/** What its first line asks of Node, for those who start it by another way. */
function nodeFlags(): readonly string[] {
  const [, flags] = /^#!\/usr\/bin\/env -S node (.+)$/m.exec(readFileSync(repriseMain, 'utf8')) ?? []
  return flags?.split(' ') ?? []
}

export interface RepriseServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  /** The sum of a metric's samples that carry a label such as `source="redis"`; of all, when none is named. */
  metric(name: string, label?: string): Promise<number>
  /** All that it has written so far: its greeting and its log. */
  output(): string
  /** Sends a signal and resolves when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops it by SIGTERM; what it embedded is removed. */
  stop(): Promise<void>
}

/**
 * Starts Reprise as a process of its own, with these settings and no others: as a user would, on a free loopback port
 * unless PORT names one, and with the embedder `hash`, unless EMBEDDER names one or is empty, because loading a model into
 * each server would take the tests' time. Without DATABASE_URL its data lie in a private directory unless DATA_DIR names one.
 * `demo` starts the demonstration in its place, without callers of its own.
 */
export async function startReprise(
  settings: Readonly<Record<string, string>> = {},
  command: 'serve' | 'demo' = 'serve',
): Promise<RepriseServer> {
  const port = settings['PORT'] ?? `${await freePort()}`
  const home = await privateDirectory('reprise')
  const url = `http://127.0.0.1:${port}`
  const environment = { LOG_LEVEL: 'warn', EMBEDDER: 'hash', ...cachesOff, ...settings, PORT: port }
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const server = await startServer({
    // `env` becomes the server, so that the process id is the server's.
    binary: requireBinary('env'),
    args: ['-i', ...variables, process.execPath, ...nodeFlags(), repriseMain, ...argumentsOf(command, port)],
    user: undefined,
    directory: home.path,
    logFile: `${home.path}/log`,
    answers: () => isReady(url),
  })
  const stop = async () => {
    await server.end('SIGTERM')
    await home[Symbol.asyncDispose]()
  }
  return {
    url,
    pid: server.pid,
    metric: async (name, label = '') => {
      const text = await (await fetch(`${url}/metrics`)).text()
      const samples = text.split('\n').filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      return samples.filter(line => line.includes(label)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
    output: () => readFileSync(`${home.path}/log`, 'utf8'),
    kill: signal => server.end(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function argumentsOf(command: 'serve' | 'demo', port: string): readonly string[] {
  return command === 'serve' ? [command] : [command, '--port', port, '--no-traffic', '--delay', '20']
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok
  } catch {
    await sleep(50)
    return false
  }
}
