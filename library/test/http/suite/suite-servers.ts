import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import Fastify from 'fastify'
import { expressCache } from 'reprise/express'
import { fastifyCache } from 'reprise/fastify'
import type { HttpCacheOptions } from 'reprise/http'
import { startOrigin } from '../../../../testbed/http-cache-tests/origin.ts'
import { answerWithin } from './suite-origin.ts'

export interface SuiteServer {
  readonly base: string
  close(): Promise<void>
}

/** The suite's origin as an Express application behind the cache. */
export async function startExpress(options: HttpCacheOptions): Promise<SuiteServer> {
  const app = express()
  app.use(expressCache(options))
  app.use((request: IncomingMessage, response: ServerResponse) => answerWithin(request, response))
  const server = await startOrigin(app)
  return { base: server.url.origin, close: () => server.close() }
}

/** The suite's origin as a Fastify application behind the cache. */
export async function startFastify(options: HttpCacheOptions): Promise<SuiteServer> {
  const app = Fastify()
  await app.register(fastifyCache(options))
  app.addHttpMethod('M-SEARCH', { hasBody: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', (request, reply) => {
    reply.hijack()
    answerWithin(request.raw, reply.raw)
  })
  return { base: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
}
