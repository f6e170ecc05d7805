import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface EmbeddingUpstream extends AsyncDisposable {
  /** With its version: `http://127.0.0.1:4000/v1`. */
  readonly url: string
  /** How many inputs each call had, since the last look. */
  takeCalls(): readonly number[]
}

/** As a hosted model answers: so long for any call, and so much more for each input. */
const callMs = 80
const inputMs = 4
export const dimensions = 1_536

/** OpenAI's `/embeddings` with believable delays. */
export async function startEmbeddingUpstream(): Promise<EmbeddingUpstream> {
  let calls: number[] = []
  const server = createServer((request, response) => {
    void answer(request, response).then(inputs => calls.push(inputs))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // An address is a text for pipes only.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    takeCalls: () => {
      const taken = calls
      calls = []
      return taken
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<number> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { input, model, encoding_format: format } = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  const inputs: readonly string[] = [input].flat()
  const beganAt = performance.now()
  const data = inputs.map((text, index) => {
    const vector = Float32Array.from({ length: dimensions }, (_, place) => Math.sin(text.length + place))
    const embedding = format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector)
    return { object: 'embedding', index, embedding }
  })
  const body = JSON.stringify({
    object: 'list',
    data,
    model,
    usage: { prompt_tokens: 8 * inputs.length, total_tokens: 8 * inputs.length },
  })
  await sleep(Math.max(0, callMs + inputMs * inputs.length - (performance.now() - beganAt)))
  response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  return inputs.length
}
