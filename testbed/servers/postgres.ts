import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory, type User, unprivilegedUser } from '../private-directory.ts'
import { copyOfTemplate } from './kept-template.ts'
import { restartable } from './restartable.ts'
import { startServer } from './server-process.ts'

const run = promisify(execFile)

export interface PostgresOptions {
  /** Server settings such as `{ fsync: 'off' }`. As delivered, PostgreSQL waits for the disk. */
  readonly settings?: Readonly<Record<string, string>>
  readonly port?: number
}

/** How PostgreSQL is asked to stop: after its clients, after their transactions, or at once (recovery at next start). */
export type StopMode = 'smart' | 'fast' | 'immediate'

export interface PostgresServer extends AsyncDisposable {
  /** The superuser `postgres` on the database `postgres`; no password on this loopback port. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Its private data directory. */
  readonly directory: string
  /** The directory of psql, pgbench and pg_dump of the same version. */
  readonly binaries: string
  /** Starts it again on the same port and data, stopping it before where it still runs. */
  restart(mode?: StopMode): Promise<void>
  /** Sends a signal to the postmaster; resolves when it has ended, at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const

/** Starts a private PostgreSQL on 127.0.0.1. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = dirname(realpathSync(requireBinary('postgres')))
  const user = unprivilegedUser()
  const port = options.port ?? (await freePort())
  const home = await privateDirectory('postgres', user)
  const directory = join(home.path, 'data')
  const binary = join(binaries, 'postgres')
  const make = initDatabase(binaries, user)
  await copyOfTemplate({ name: 'postgres', binary, versionArgs: ['--version'], user, make }, directory)

  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings }
  const start = () =>
    startServer({
      binary,
      args: [
        '-D',
        directory,
        '-p',
        `${port}`,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      user,
      directory: home.path,
      logFile: join(home.path, 'log'),
      answers: () =>
        run(join(binaries, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`]).then(
          () => true,
          () => false,
        ),
    })
  const server = await restartable(start)

  async function stop(): Promise<void> {
    await server.kill('SIGINT')
    await home[Symbol.asyncDispose]()
  }
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    directory,
    binaries,
    get pid() {
      return server.pid
    },
    restart: (mode = 'fast') => server.restart(stopSignals[mode]),
    kill: signal => server.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function initDatabase(binaries: string, user: User | undefined) {
  const args = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions']
  return (data: string, directory: string) =>
    run(join(binaries, 'initdb'), ['-D', data, ...args], { cwd: directory, ...user })
}
