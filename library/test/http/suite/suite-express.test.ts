import { test } from 'vitest'
import { expectSuitePassed } from './suite-outcome.ts'
import { startExpress } from './suite-servers.ts'

test('D5 Express behind the cache passes http-cache-tests, but for what the documentation names', {
  timeout: 120_000,
}, async () => {
  const server = await startExpress({ staleOnBadAge: true })
  try {
    await expectSuitePassed(server.base, 'published')
  } finally {
    await server.close()
  }
})
