import { RepriseError } from '../../../base/reprise-error.ts'
import type { Forward } from '../../llm/asking/llm-call.ts'
import type { EmbeddingInput } from '../embedding-cache.ts'
import type { KeptEmbedding } from '../kept-embedding.ts'
import { readEmbeddingsReply } from './embeddings-reply.ts'
import type { EmbeddingsRequest } from './embeddings-request.ts'

/** An upstream's answer, read to its end. */
export interface WholeReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Thrown to all callers of a batch that the upstream refused, who get its answer as it is. */
export class UpstreamRefused extends Error {
  readonly reply: WholeReply

  constructor(reply: WholeReply) {
    super(`The upstream answered ${reply.status}.`)
    this.reply = reply
  }
}

/** An answer of 2,048 vectors of 3,072 numbers is about 80 MB of JSON; past this bound it is no answer. */
const maxReplyBytes = 128 * 1024 * 1024
/** Upstream and model pairs of which it is remembered how they write vectors. */
const mostRemembered = 1_000
/** What an upstream answers that knows no base64. */
const maybeOfTheEncoding: ReadonlySet<number> = new Set([400, 415, 422])

/**
 * Asks upstreams for vectors as base64, which carries float32 exactly and is read and sent at a fraction of the cost of
 * decimals; those that refuse are asked for numbers, from then on at once.
 */
export class AskedUpstreams {
  readonly #encodings = new Map<string, 'float' | 'base64'>()

  /** @throws UpstreamRefused, RepriseError `embedding_failed`, what `forward` throws */
  async ask(
    name: string,
    request: EmbeddingsRequest,
    inputs: readonly EmbeddingInput[],
    forward: (body: Uint8Array) => ReturnType<Forward>,
  ): Promise<{ readonly embeddings: readonly KeptEmbedding[]; readonly reply: WholeReply }> {
    const memo = `${name}/${request.model}`
    const known = this.#encodings.get(memo)
    const send = async (encoding: 'float' | 'base64') => {
      const body = JSON.stringify({ ...request.fields, input: inputs, encoding_format: encoding })
      return readWhole(await forward(Buffer.from(body)))
    }
    let encoding = known ?? 'base64'
    let reply = await send(encoding)
    if (known === undefined && maybeOfTheEncoding.has(reply.status)) {
      encoding = 'float'
      reply = await send(encoding)
    }
    if (reply.status < 200 || reply.status > 299) throw new UpstreamRefused(reply)
    const embeddings = readEmbeddingsReply(reply.body, inputs)
    if (known === undefined) this.#remember(memo, encoding)
    return { embeddings, reply }
  }

  #remember(memo: string, encoding: 'float' | 'base64'): void {
    if (this.#encodings.size >= mostRemembered) this.#encodings.clear()
    this.#encodings.set(memo, encoding)
  }
}

async function readWhole({ status, headers, body }: Awaited<ReturnType<Forward>>): Promise<WholeReply> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > maxReplyBytes)
      throw new RepriseError('embedding_failed', `The embedding model's answer is longer than ${maxReplyBytes} bytes.`)
    chunks.push(chunk)
  }
  return { status, headers, body: Buffer.concat(chunks) }
}
