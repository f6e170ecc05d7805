import { expectOutcome } from '../../../../testbed/http-cache-tests/expectations.ts'
import { type Edition, runCacheTests } from '../../../../testbed/http-cache-tests/suite.ts'

/** Runs an edition of the suite against a cache, and expects it to fail nothing but what the documentation names. */
export async function expectSuitePassed(base: string, edition: Edition): Promise<void> {
  expectOutcome(await runCacheTests(base, edition), edition)
}
