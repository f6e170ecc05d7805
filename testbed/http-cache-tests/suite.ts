import { getResults, runTests } from 'http-cache-tests/client/runner.mjs'
import { makeCacheTest, testResults } from 'http-cache-tests/client/test.mjs'
import published from 'http-cache-tests/tests/index.mjs'
import fetch from 'node-fetch'
import { fetchWithInterims } from './current/client.ts'
import type { Step } from './current/steps.ts'
import { currentSuites } from './current/suites.ts'

/** One test of the package `http-cache-tests`, as far as it is read here. */
export interface CacheTest {
  readonly id: string
  readonly name: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly browser_only?: boolean
  readonly depends_on?: readonly string[]
  readonly requests?: readonly Step[]
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

/** `published`: the package as it is on npm. `current`: what its authors keep up, which is larger and follows RFC 9111. */
export type Edition = 'published' | 'current'

/**
 * Runs the tests against a cache. Once a process: the package keeps its results in its modules.
 * @param base where the cache listens, in front of the package's origin
 */
export async function runCacheTests(base: string, edition: Edition = 'published'): Promise<SuiteOutcome> {
  const suites = edition === 'current' ? currentSuites : published
  // The package's client writes into what it runs.
  await runTests(structuredClone(suites), edition === 'current' ? fetchWithInterims : fetch, false, base, atOnce)
  await runAgain(suites)
  return judge(suites, getResults())
}

/** On a busy machine a second request may come after a lifetime of two seconds: what failed gets another chance. */
async function runAgain(suites: readonly TestSuite[]): Promise<void> {
  const failed = suites
    .flatMap(suite => structuredClone(suite.tests))
    .filter(({ id }) => testResults[id] !== undefined && testResults[id] !== true)
  for (const { id } of failed) delete testResults[id]
  await Promise.all(failed.map(makeCacheTest))
}

function judge(
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
