import { execFile } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory, type User, unprivilegedUser } from '../private-directory.ts'
import { copyOfTemplate } from './kept-template.ts'
import { restartable } from './restartable.ts'
import { startServer } from './server-process.ts'

const run = promisify(execFile)

export interface MariaDbOptions {
  /** Server settings such as `{ 'max-connections': '20' }`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly port?: number
}

export interface MariaDbServer extends AsyncDisposable {
  /** The superuser `root` without a password on the database `test`: `mysql://root@127.0.0.1:PORT/test`. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Starts it again on the same port and data, stopping it before where it still runs. */
  restart(): Promise<void>
  /** Sends a signal; resolves when it has ended, at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Stops it and removes its data. */
  stop(): Promise<void>
}

/** Starts a private MariaDB on 127.0.0.1. */
export async function startMariaDb(options: MariaDbOptions = {}): Promise<MariaDbServer> {
  const binary = realpathSync(requireBinary('mariadbd'))
  const user = unprivilegedUser()
  const port = options.port ?? (await freePort())
  const home = await privateDirectory('mariadb', user)
  const data = join(home.path, 'data')
  const make = installDatabase(user)
  await copyOfTemplate({ name: 'mariadb', binary, versionArgs: ['--no-defaults', '--version'], user, make }, data)

  const settings = {
    datadir: data,
    port: `${port}`,
    'bind-address': '127.0.0.1',
    socket: join(home.path, 'socket'),
    'pid-file': join(home.path, 'pid'),
    'innodb-buffer-pool-size': '32M',
    'innodb-log-file-size': '16M',
    'innodb-flush-log-at-trx-commit': '0',
    'character-set-server': 'utf8mb4',
    'collation-server': 'utf8mb4_general_ci',
    ...options.settings,
  }
  const start = () =>
    startServer({
      binary,
      args: ['--no-defaults', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)],
      user,
      directory: home.path,
      logFile: join(home.path, 'log'),
      answers: () => greets(port),
    })
  const server = await restartable(start)

  async function stop(): Promise<void> {
    // Its data is removed: nothing need be written out.
    await server.kill('SIGKILL')
    await home[Symbol.asyncDispose]()
  }
  return {
    url: `mysql://root@127.0.0.1:${port}/test`,
    port,
    get pid() {
      return server.pid
    },
    restart: () => server.restart('SIGTERM'),
    kill: signal => server.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

function installDatabase(user: User | undefined) {
  return (data: string, directory: string) =>
    run(
      requireBinary('mariadb-install-db'),
      ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal'],
      { cwd: directory, ...user },
    )
}

/** Whether it sends its greeting, as it does once it takes connections. */
function greets(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (greeted: boolean) => {
      socket.destroy()
      resolve(greeted)
    }
    socket.setTimeout(1000, () => settle(false))
    socket.on('error', () => settle(false))
    socket.once('data', data => settle(data[4] === 10))
  })
}
