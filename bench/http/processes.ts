import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { requireBinary } from '../../testbed/binaries.ts'
import { freePort } from '../../testbed/free-port.ts'
import { privateDirectory } from '../../testbed/private-directory.ts'
import { repriseMain } from '../../testbed/servers/reprise.ts'
import { startServer } from '../../testbed/servers/server-process.ts'

/** A process that answers HTTP on a port of its own, until it is disposed of. */
export interface HttpProcess extends AsyncDisposable {
  readonly url: string
}

const application = fileURLToPath(new URL('application-process.ts', import.meta.url))

/** A framework that answers 1 KB, bare or behind the cache. */
export function startApplication(
  framework: 'fastify' | 'express' | 'node',
  kind: 'bare' | 'cached',
): Promise<HttpProcess> {
  return start(`${framework}-${kind}`, port => [process.execPath, [application, framework, kind, `${port}`]])
}

export function startReverseProxy(upstream: string): Promise<HttpProcess> {
  return start('proxy', port => [process.execPath, [repriseMain, 'proxy', '--upstream', upstream, '--port', `${port}`]])
}

/** nginx with one worker and its cache in files, connections to the origin kept. */
export function startNginx(upstream: string): Promise<HttpProcess> {
  return start('nginx', async (port, directory) => {
    const configuration = `
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      worker_processes 1; daemon off; pid ${directory}/pid; error_log ${directory}/error.log;
      events { worker_connections 1024; }
      http {
        access_log off; keepalive_requests 1000000000;
        client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
        uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
        proxy_cache_path ${directory}/cache keys_zone=kept:64m;
        upstream origin { server ${new URL(upstream).host}; keepalive 16; }
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_cache kept; }
        }
      }`
    await writeFile(`${directory}/nginx.conf`, configuration)
    return [requireBinary('nginx'), ['-c', `${directory}/nginx.conf`, '-p', directory]]
  })
}

type Command = readonly [binary: string, args: readonly string[]]

async function start(
  name: string,
  commandOn: (port: number, directory: string) => Command | Promise<Command>,
): Promise<HttpProcess> {
  const [port, home] = [await freePort(), await privateDirectory(name)]
  const url = `http://127.0.0.1:${port}`
  const [binary, args] = await commandOn(port, home.path)
  const server = await startServer({
    binary,
    args,
    user: undefined,
    directory: home.path,
    logFile: `${home.path}/log`,
    answers: () =>
      fetch(`${url}/item/1`).then(
        response => response.ok,
        () => false,
      ),
  })
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await server.end('SIGTERM')
      await home[Symbol.asyncDispose]()
    },
  }
}
