import { expect } from 'vitest'
import { documentedFailures, impossible } from '../../../testbed/http-cache-tests/known-failures.ts'
import { runCacheTests } from '../../../testbed/http-cache-tests/suite.ts'

/** Runs `http-cache-tests` against a cache, and expects it to fail nothing but what the documentation names. */
export async function expectSuitePassed(base: string): Promise<void> {
  const { passed, failed } = await runCacheTests(base)
  expect(Object.keys(failed.required).sort()).toEqual([...impossible].sort())
  expect(passed.required.length).toBe(153)
  expect(passed.optimal.length).toBeGreaterThanOrEqual(79)
  const documented = documentedFailures()
  expect(Object.keys({ ...failed.optimal, ...failed.check }).filter(id => !documented.includes(id))).toEqual([])
}
