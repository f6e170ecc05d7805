import Fastify from 'fastify'
import { fastifyCache } from 'reprise/fastify'
import { test } from 'vitest'
import { answerWithin } from './suite-origin.ts'
import { expectSuitePassed } from './suite-outcome.ts'

test('D5 Fastify behind the cache passes http-cache-tests, but for what the documentation names', {
  timeout: 120_000,
}, async () => {
  const app = Fastify()
  await app.register(fastifyCache({ staleOnBadAge: true }))
  app.addHttpMethod('M-SEARCH', { hasBody: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', (request, reply) => {
    reply.hijack()
    answerWithin(request.raw, reply.raw)
  })
  try {
    await expectSuitePassed(await app.listen({ host: '127.0.0.1', port: 0 }))
  } finally {
    await app.close()
  }
})
