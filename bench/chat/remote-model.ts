import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface RemoteModel extends AsyncDisposable {
  /** Below it: `/slow`, `/failing` and `/hung`, each as OpenAI's `/embeddings` is called. */
  readonly url: string
}

const slowMs = 2_000
const dimensions = 384

/** An embedding model as one would not want it. */
export async function startRemoteModel(): Promise<RemoteModel> {
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // An address is a text for pipes only.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const manner = request.url?.split('/')[1]
  if (manner === 'hung') return
  if (manner === 'failing') {
    response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"out of order"}}')
    return
  }
  await sleep(slowMs)
  const { input, model } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input]
  const embedding = Array.from({ length: dimensions }, (_, index) => 1 / (index + 1))
  const data = texts.map((_, index) => ({ object: 'embedding', index, embedding }))
  const body = { object: 'list', model, data, usage: { prompt_tokens: 0, total_tokens: 0 } }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
