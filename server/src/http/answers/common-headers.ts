import type { FastifyRequest } from 'fastify'
import type { HttpServer } from '../http-server.ts'

/** Nothing here is a page, is to be framed, or is kept by anybody between, where an answer does not say otherwise. */
const unlessSaid = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

const names = Object.keys(unlessSaid) as (keyof typeof unlessSaid)[]

/** What every answer carries, unless it says otherwise itself. */
export function commonHeaders(request: FastifyRequest): Readonly<Record<string, string>> {
  return { ...unlessSaid, 'x-request-id': request.id }
}

/** Gives every answer that goes through the framework what all carry. */
export function sendCommonHeaders(server: HttpServer): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    reply.header('x-request-id', request.id)
    for (const name of names) if (reply.getHeader(name) === undefined) reply.header(name, unlessSaid[name])
    done()
  })
}
