import { test } from 'vitest'
import { expectSuitePassed } from './suite-outcome.ts'
import { startExpress } from './suite-servers.ts'

test('D5 Express behind the cache passes all that the current edition requires', { timeout: 120_000 }, async () => {
  const server = await startExpress({})
  try {
    await expectSuitePassed(server.base, 'current')
  } finally {
    await server.close()
  }
})
