import { chownSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory, unprivilegedUser } from '../private-directory.ts'
import { startServer } from './server-process.ts'

export interface PgBouncerServer extends AsyncDisposable {
  /** Stands in for the URL of the PostgreSQL behind it. */
  readonly url: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Starts a PgBouncer in transaction mode before a PostgreSQL of the testbed. */
export async function startPgBouncer(postgresUrl: string): Promise<PgBouncerServer> {
  const target = new URL(postgresUrl)
  const user = unprivilegedUser()
  const home = await privateDirectory('pgbouncer', user)
  const port = await freePort()
  const settingsFile = join(home.path, 'pgbouncer.ini')
  writeFileSync(
    settingsFile,
    `[databases]
* = host=${target.hostname} port=${target.port} user=${target.username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 500
default_pool_size = 20
`,
  )
  if (user !== undefined) chownSync(settingsFile, user.uid, user.gid)
  const server = await startServer({
    binary: requireBinary('pgbouncer'),
    args: [settingsFile],
    user,
    directory: home.path,
    logFile: join(home.path, 'log'),
    answers: () => accepts(port),
  })
  async function stop(): Promise<void> {
    await server.end('SIGTERM')
    await home[Symbol.asyncDispose]()
  }
  const url = new URL(postgresUrl)
  url.port = `${port}`
  return { url: url.href, port, pid: server.pid, stop, [Symbol.asyncDispose]: stop }
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
