import { test } from 'vitest'
import { expectOutcome } from '../../../testbed/http-cache-tests/expectations.ts'
import { startOrigin } from '../../../testbed/http-cache-tests/origin.ts'
import { runCacheTests } from '../../../testbed/http-cache-tests/suite.ts'
import { runProxy } from './running-proxy.ts'

test('D5 the proxy passes http-cache-tests, but for what the documentation names', { timeout: 120_000 }, async () => {
  const origin = await startOrigin()
  const proxy = await runProxy(origin.url, { staleOnBadAge: true })
  try {
    expectOutcome(await runCacheTests(proxy.url, 'published'), 'published')
  } finally {
    await proxy.close()
    await origin.close()
  }
})
