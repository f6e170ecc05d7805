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
declare module 'http-cache-tests/server/*.mjs' {
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
