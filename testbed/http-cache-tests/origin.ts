import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import handleConfig from 'http-cache-tests/server/handle-config.mjs'
import handleState from 'http-cache-tests/server/handle-state.mjs'
import handleTest from 'http-cache-tests/server/handle-test.mjs'
import { configs } from 'http-cache-tests/server/utils.mjs'

const handlers: Readonly<Record<string, typeof handleTest>> = {
  config: handleConfig,
  state: handleState,
  test: handleTest,
}

/** Answers a request as the origin of the package `http-cache-tests` does. */
export function answerAsOrigin(request: IncomingMessage, response: ServerResponse): void {
  const [kind = '', ...segments] = new URL(request.url ?? '/', 'http://origin').pathname.slice(1).split('/')
  const handle = handlers[kind]
  if (handle === undefined) response.writeHead(404).end()
  else if (kind === 'test') answerInTime(segments, request, response)
  else handle(segments, request, response)
}

/** What the package's own origin does not do: interim responses before the final one, and pauses. */
function answerInTime(segments: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  const step = configs.get(segments[0] ?? '')?.[Number(request.headers['req-num'] ?? 1) - 1]
  for (const [status, fields = []] of step?.interim_responses ?? []) {
    if (status === 102) response.writeProcessing()
    else response.writeEarlyHints(Object.fromEntries(fields))
  }
  const answer = () => handleTest(segments, request, response)
  if (step?.response_pause === undefined) answer()
  else setTimeout(answer, step.response_pause * 1000)
}

/** The origin as a server of its own. */
export async function startOrigin(
  answer: (request: IncomingMessage, response: ServerResponse) => void = answerAsOrigin,
): Promise<{ readonly url: URL; close(): Promise<void> }> {
  const server = createServer(answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}
