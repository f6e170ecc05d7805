import { test } from 'vitest'
import { expectOutcome } from '../../../testbed/http-cache-tests/expectations.ts'
import { startOrigin } from '../../../testbed/http-cache-tests/origin.ts'
import { runCacheTests } from '../../../testbed/http-cache-tests/suite.ts'
import { runProxy } from './running-proxy.ts'

test('D5 the proxy passes all that the current edition requires', { timeout: 120_000 }, async () => {
  const origin = await startOrigin()
  const proxy = await runProxy(origin.url)
  try {
    expectOutcome(await runCacheTests(proxy.url, 'current'), 'current')
  } finally {
    await proxy.close()
    await origin.close()
  }
})
