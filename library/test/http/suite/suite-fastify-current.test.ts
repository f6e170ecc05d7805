import { test } from 'vitest'
import { expectSuitePassed } from './suite-outcome.ts'
import { startFastify } from './suite-servers.ts'

test('D5 Fastify behind the cache passes all that the current edition requires', { timeout: 120_000 }, async () => {
  const server = await startFastify({})
  try {
    await expectSuitePassed(server.base, 'current')
  } finally {
    await server.close()
  }
})
