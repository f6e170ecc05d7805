import { describe, expect, it } from 'vitest'
import { findBinary } from './binaries.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The programs that a skipped suite would have needed; the closing summary names them. */
    missingBinaries?: readonly string[]
  }
}

/** Whether a missing server is a failure rather than a reason to skip. */
const serversRequired = process.env['REPRISE_REQUIRE_SERVERS'] === '1'

/**
 * A suite that needs programs such as `postgres` or `redis-server`. Where one is missing, the suite is skipped and the
 * closing summary says so; with REPRISE_REQUIRE_SERVERS=1 it fails instead.
 * @example describeWith(['postgres', 'redis-server'], 'guest chat on real servers', () => { it('…', …) })
 */
export function describeWith(binaries: readonly string[], name: string, suite: () => void): void {
  const missing = binaries.filter(binary => findBinary(binary) === undefined)
  if (missing.length === 0) describe(name, suite)
  else if (serversRequired)
    describe(name, () => it(`finds ${binaries.join(' and ')}`, () => expect(missing).toEqual([])))
  else describe.skip(name, { meta: { missingBinaries: missing } }, suite)
}
