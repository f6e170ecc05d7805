import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { requireBinary } from '../binaries.ts'
import { freePort } from '../free-port.ts'
import { privateDirectory } from '../private-directory.ts'
import { startServer } from './server-process.ts'

const run = promisify(execFile)

export interface RedisOptions {
  /** Speaks TLS alone, with a certificate that `caFile` vouches for. */
  readonly tls?: boolean
  /** Further arguments such as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[]
  /** Where its snapshot lies; a private directory when left out. */
  readonly dir?: string
  readonly port?: number
}

export interface RedisServer extends AsyncDisposable {
  /** `redis://…`, or `rediss://…` with TLS. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** The directory of its snapshot `dump.rdb`. */
  readonly directory: string
  /** The certificate that vouches for it: for NODE_EXTRA_CA_CERTS. Undefined without TLS. */
  readonly caFile: string | undefined
  /** Sends a signal and resolves when it has ended; nothing is written to the disk by SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Stalls it: connections stay open, nothing is answered (SIGSTOP). */
  pause(): void
  resume(): void
  /** Starts it again on the same port with its last snapshot (the command SAVE writes one), or with `empty` without. */
  restart(options?: { readonly empty?: boolean }): Promise<void>
  /** Stops it and removes its private directory. */
  stop(): Promise<void>
}

/** Starts a private Redis on 127.0.0.1. It writes a snapshot only when told to. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const binary = requireBinary('redis-server')
  const port = options.port ?? (await freePort())
  const home = await privateDirectory('redis')
  const directory = options.dir ?? home.path
  const certificate = options.tls ? await makeCertificate(home.path) : undefined
  const listen = certificate
    ? [
        '--port',
        '0',
        '--tls-port',
        `${port}`,
        '--tls-auth-clients',
        'no',
        '--tls-cert-file',
        certificate.certificate,
        '--tls-key-file',
        certificate.key,
        '--tls-ca-cert-file',
        certificate.certificate,
      ]
    : ['--port', `${port}`]
  const args = [
    ...listen,
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
    ...(options.args ?? []),
  ]
  const start = () =>
    startServer({
      binary,
      args,
      user: undefined,
      directory: home.path,
      logFile: join(home.path, 'log'),
      answers: () => answersPing(port, certificate?.certificate),
    })
  let server = await start()

  async function stop(): Promise<void> {
    await server.end('SIGKILL')
    await home[Symbol.asyncDispose]()
  }
  return {
    url: `${certificate ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    port,
    directory,
    caFile: certificate?.certificate,
    get pid() {
      return server.pid
    },
    kill: (signal = 'SIGKILL') => server.end(signal),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    restart: async ({ empty = false } = {}) => {
      await server.end('SIGKILL')
      if (empty) await rm(join(directory, 'dump.rdb'), { force: true })
      server = await start()
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function makeCertificate(directory: string): Promise<{ readonly certificate: string; readonly key: string }> {
  const certificate = join(directory, 'certificate.pem')
  const key = join(directory, 'key.pem')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await run(requireBinary('openssl'), ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...subject])
  return { certificate, key }
}

/** Whether Redis answers commands; while it still loads a snapshot it does not. */
function answersPing(port: number, caFile: string | undefined): Promise<boolean> {
  return new Promise(resolve => {
    const target = { port, host: '127.0.0.1' }
    const socket: Socket = caFile ? connectTls({ ...target, ca: readFileSync(caFile) }) : connectPlain(target)
    const settle = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(1000, () => settle(false))
    socket.on('error', () => settle(false))
    socket.on('data', data => settle(/^(\+PONG|-NOAUTH)/.test(data.toString('latin1'))))
    socket.on('close', () => settle(false))
    socket.write('PING\r\n')
  })
}
