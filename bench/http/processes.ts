import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { requireBinary } from '../../testbed/binaries.ts'
import { repriseMain } from '../../testbed/servers/reprise.ts'
import { type HttpProcess, startHttpProcess } from '../measure/http-process.ts'

/** All of them answer this. */
const item = '/item/1'

const application = fileURLToPath(new URL('application-process.ts', import.meta.url))

/** A framework that answers 1 KB, bare or behind the cache. */
export function startApplication(
  framework: 'fastify' | 'express' | 'node',
  kind: 'bare' | 'cached',
): Promise<HttpProcess> {
  return startHttpProcess(`${framework}-${kind}`, item, port => [
    process.execPath,
    [application, framework, kind, `${port}`],
  ])
}

export function startReverseProxy(upstream: string): Promise<HttpProcess> {
  return startHttpProcess('proxy', item, port => [
    process.execPath,
    [repriseMain, 'proxy', '--upstream', upstream, '--port', `${port}`],
  ])
}

/** nginx with one worker and its cache in files, connections to the origin kept. */
export function startNginx(upstream: string): Promise<HttpProcess> {
  return startHttpProcess('nginx', item, async (port, directory) => {
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
