// The package brings no types; these say what is used of it.
declare module 'http-cache-tests/tests/index.mjs' {
  const suites: readonly import('./suite.ts').TestSuite[]
  export default suites
}
declare module 'http-cache-tests/client/runner.mjs' {
  export function runTests(
    suites: readonly import('./suite.ts').TestSuite[],
    fetch: unknown,
    useBrowserCache: boolean,
    base: string,
    chunkSize: number,
  ): Promise<void>
  export function getResults(): Readonly<Record<string, true | readonly [kind: string, message: string]>>
}
declare module 'http-cache-tests/client/test.mjs' {
  export const testResults: Record<string, true | readonly [kind: string, message: string]>
  export function makeCacheTest(test: import('./suite.ts').CacheTest): Promise<void>
}
declare module 'http-cache-tests/server/utils.mjs' {
  /** What each test's requests are answered with, by the test's own id. */
  export const configs: ReadonlyMap<string, readonly import('./current/steps.ts').Step[]>
}
declare module 'http-cache-tests/server/handle-*.mjs' {
  export default function handle(
    segments: readonly string[],
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ): void
}
declare module 'node-fetch' {
  const fetch: unknown
  export default fetch
}
