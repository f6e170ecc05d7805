import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import suites from 'http-cache-tests/tests/index.mjs'
import fetch from 'node-fetch'

/** One test of the package `http-cache-tests`, as far as it is read here. */
export interface CacheTest {
  readonly id: string
  readonly name: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly browser_only?: boolean
  readonly depends_on?: readonly string[]
}

export interface TestSuite {
  readonly id: string
  readonly tests: readonly CacheTest[]
}

/** How a cache did: which tests it passed, and what the others said. A test whose dependency failed has failed. */
export interface SuiteOutcome {
  readonly passed: Readonly<Record<'required' | 'optimal' | 'check', readonly string[]>>
  readonly failed: Readonly<Record<'required' | 'optimal' | 'check', Readonly<Record<string, string>>>>
}

/** Each test has URLs of its own, and most of them only wait: all run at once. */
const atOnce = 400

/**
 * Runs the tests of the package against a cache. Once a process: the package keeps its results in its modules.
 * @param base where the cache listens, in front of the package's origin
 */
export async function runCacheTests(base: string): Promise<SuiteOutcome> {
  await runTests(suites, fetch, false, base, atOnce)
  return judge(suites, getResults())
}

export function judge(
  all: readonly TestSuite[],
  results: Readonly<Record<string, true | readonly [kind: string, message: string]>>,
): SuiteOutcome {
  const tests = all.flatMap(suite => suite.tests).filter(test => test.browser_only !== true)
  const byId = new Map(tests.map(test => [test.id, test]))
  const reasonOf = (id: string): string | undefined => {
    const result = results[id]
    if (result === undefined) return 'did not run'
    if (result !== true) return result.join(': ')
    const missing = byId.get(id)?.depends_on?.find(other => byId.has(other) && reasonOf(other) !== undefined)
    return missing === undefined ? undefined : `depends on ${missing}`
  }
  const passed = { required: [] as string[], optimal: [] as string[], check: [] as string[] }
  const failed: Record<'required' | 'optimal' | 'check', Record<string, string>> = {
    required: {},
    optimal: {},
    check: {},
  }
  for (const { id, kind = 'required' } of tests) {
    const reason = reasonOf(id)
    if (reason === undefined) passed[kind].push(id)
    else failed[kind][id] = reason
  }
  return { passed, failed }
}
