import { fileURLToPath } from 'node:url'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RepriseError } from 'reprise'
import type { HttpServer } from '../http/http-server.ts'
import { type DashboardFile, readDashboardFiles } from './dashboard-files.ts'

/** Where the workspace `dashboard` is built to, seen from the source and from what it is compiled to. */
const builtPage = fileURLToPath(new URL('../../dist/dashboard/page', import.meta.url))

/** Scripts and styles are its own files; nothing is loaded from, or sent to, anywhere else. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const pageHeaders = {
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  vary: 'accept-encoding',
}

/** A page with its parts is more than a client may call in a moment, and harms nobody. */
const config = { rateLimit: false } as const

/**
 * The page for operators at `/admin/cache`. It holds no figures itself: it asks the admin API for them, with the key that
 * its reader gives it.
 */
export function dashboardRoutes(server: HttpServer, directory: string = builtPage): void {
  const files = readDashboardFiles(directory)
  const page = files.get('index.html')

  server.get('/admin/cache', { config, schema: { hide: true } }, async (request, reply) => send(request, reply, page))
  server.get<{ Params: { '*': string } }>(
    '/admin/cache/*',
    { config: { ...config, isCatchAll: true }, schema: { hide: true } },
    async (request, reply) => {
      const path = request.params['*']
      // What looks like a file is one or is not there; all else is a place within the page.
      return send(request, reply, /\.\w+$/.test(path) || path.startsWith('assets/') ? files.get(path) : page)
    },
  )
}

function send(request: FastifyRequest, reply: FastifyReply, file: DashboardFile | undefined): FastifyReply {
  if (file === undefined) {
    throw new RepriseError('route_unknown', 'The dashboard has no such file; `npm run build` builds the dashboard.')
  }
  const encoding = acceptedEncoding(request.headers['accept-encoding'], file)
  reply.headers(pageHeaders).type(file.type)
  reply.header('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-store')
  if (encoding === undefined) return reply.send(file.plain)
  return reply.header('content-encoding', encoding).send(file.encoded[encoding])
}

function acceptedEncoding(accepted: string | string[] | undefined, { encoded }: DashboardFile) {
  const named = [accepted ?? []].flat().join(',')
  return (['br', 'gzip'] as const).find(
    encoding =>
      encoded[encoding] !== undefined && new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(?![.\\d]*[1-9]))`).test(named),
  )
}
