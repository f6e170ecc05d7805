import { expect } from 'vitest'
import { documentedFailures, impossible } from './known-failures.ts'
import type { Edition, SuiteOutcome } from './suite.ts'

/** What must be passed of each edition: required tests, all but the impossible; optimal ones, at least so many. */
const expected: Readonly<Record<Edition, { required: number; optimal: number; impossible: readonly string[] }>> = {
  published: { required: 153, optimal: 79, impossible },
  current: { required: 159, optimal: 98, impossible: [] },
}

/** Expects a cache to fail nothing but what `docs/http-cache.md` names, and to pass as much as it says. */
export function expectOutcome({ passed, failed }: SuiteOutcome, edition: Edition): void {
  const due = expected[edition]
  const documented = documentedFailures()
  expect(failed.required).toEqual(Object.fromEntries(due.impossible.map(id => [id, expect.any(String)])))
  expect(passed.required.length).toBe(due.required)
  const others = Object.entries({ ...failed.optimal, ...failed.check })
  expect(others.filter(([id]) => !documented.includes(id))).toEqual([])
  expect(passed.optimal.length).toBeGreaterThanOrEqual(due.optimal)
}
