import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import { expressCache } from 'reprise/express'
import { test } from 'vitest'
import { startOrigin } from '../../../testbed/http-cache-tests/origin.ts'
import { answerWithin } from './suite-origin.ts'
import { expectSuitePassed } from './suite-outcome.ts'

test('D5 Express behind the cache passes http-cache-tests, but for what the documentation names', {
  timeout: 120_000,
}, async () => {
  const app = express()
  app.use(expressCache({ staleOnBadAge: true }))
  app.use((request: IncomingMessage, response: ServerResponse) => answerWithin(request, response))
  const server = await startOrigin(app)
  try {
    await expectSuitePassed(server.url.origin)
  } finally {
    await server.close()
  }
})
