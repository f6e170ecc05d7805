import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { type PrivateDirectory, privateDirectory, type User, unprivilegedUser } from '../private-directory.ts'
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
  await copyCluster(await template(binaries, user), directory, user)

  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings }
  const start = () =>
    startServer({
      binary: join(binaries, 'postgres'),
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
  let server = await start()

  async function stop(): Promise<void> {
    await server.end('SIGINT')
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
    restart: async (mode = 'fast') => {
      await server.end(stopSignals[mode])
      server = await start()
    },
    kill: async signal => {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') server.signal(signal)
      else await server.end(signal)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Making a cluster takes a second, copying one a tenth: the first is kept in the temporary directory for all later ones. */
async function template(binaries: string, user: User | undefined): Promise<string> {
  const { stdout: version } = await run(join(binaries, 'postgres'), ['--version'])
  const owner = user?.uid ?? process.getuid?.() ?? 0
  const mark = createHash('sha256').update(`${binaries} ${version} ${owner}`).digest('hex').slice(0, 12)
  const kept = join(tmpdir(), `reprise-postgres-template-${mark}`)
  if (existsSync(kept)) return kept
  await using fresh: PrivateDirectory = await privateDirectory('postgres-template', user)
  const cluster = join(fresh.path, 'data')
  const args = [
    '-D',
    cluster,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]
  await run(join(binaries, 'initdb'), args, { cwd: fresh.path, ...user })
  await rename(cluster, kept).catch(async error => {
    // Another process was faster; its cluster is as good.
    if (!existsSync(kept)) throw error
    await rm(cluster, { recursive: true, force: true })
  })
  return kept
}

async function copyCluster(from: string, to: string, user: User | undefined): Promise<void> {
  await run('cp', ['-R', '-p', from, to], { cwd: dirname(to), ...user })
}
