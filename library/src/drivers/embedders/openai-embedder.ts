import { RepriseError } from '../../base/reprise-error.ts'
import { readDirection } from '../../base/vector/read-vector.ts'
import type { Embedder, Embedding } from '../../ports/embedder.ts'
import { beginningOf } from './beginning-of.ts'
import { callModel, unreadable } from './model-call.ts'

export interface OpenaiEmbedderOptions {
  /** Where `/embeddings` lies, e.g. `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`. */
  readonly baseUrl: string
  /** Sent as `Authorization: Bearer …`. Self-hosted servers often need none. */
  readonly apiKey?: string
  /** The model's name as the server knows it. */
  readonly model: string
  /** Asks for shortened vectors, where the model can. Vectors of another length are then refused. */
  readonly dimensions?: number
  /** Texts in one call. Default 32, which is also what TEI takes as it is delivered. */
  readonly maxBatch?: number
  /** Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
}

/** A text this short is not refused for its length. */
const shortCharacters = 512

/**
 * An embedding model behind any OpenAI-compatible `/embeddings`: OpenAI, TEI, Ollama, vLLM. These models differ in how
 * long a text they take, and some refuse a longer one: it is then cut to its first half until it is taken, and said to be
 * `truncated`. Models that cut by themselves do not tell.
 *
 * @example
 * const embedder = openaiEmbedder({ baseUrl: 'http://127.0.0.1:11434/v1', model: 'nomic-embed-text' })
 * const [{ vector }] = await embedder.embed(['hello'], AbortSignal.timeout(10_000))
 */
export function openaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const { baseUrl, apiKey, model, dimensions, maxBatch = 32 } = options
  const url = `${baseUrl.replace(/\/+$/, '')}/embeddings`
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  // One model makes vectors of one length: what the first answer had, all others must have.
  let length = dimensions

  async function vectorsOf(texts: readonly string[], signal: AbortSignal): Promise<readonly Float32Array[]> {
    const asked = { model, input: texts, encoding_format: 'float', ...(dimensions === undefined ? {} : { dimensions }) }
    const answer = await callModel({ url, headers, body: asked, fetch: options.fetch ?? fetch, signal })
    const vectors: Float32Array[] = []
    for (const value of vectorsInOrder(answer, texts.length))
      vectors.push(readDirection(value, length ?? vectors[0]?.length))
    length ??= vectors[0]?.length
    return vectors
  }

  /** Which of several texts was refused is not known here; a single one is cut. */
  async function embed(
    texts: readonly string[],
    truncated: boolean,
    signal: AbortSignal,
  ): Promise<readonly Embedding[]> {
    try {
      const vectors = await vectorsOf(texts, signal)
      return vectors.map(vector => ({ vector, truncated }))
    } catch (error) {
      const [text, ...more] = texts
      const mayBeTooLong = text !== undefined && more.length === 0 && text.length > shortCharacters
      if (!(mayBeTooLong && error instanceof RepriseError && error.permanent)) throw error
      return embed([beginningOf(text, Math.ceil(text.length / 2))], true, signal)
    }
  }

  return {
    model,
    maxBatch,
    embed: async (texts, signal) => (texts.length === 0 ? [] : embed(texts, false, signal)),
    close: async () => {},
  }
}

/** The vectors in the order of the texts: servers may answer in another one and say so by `index`. */
function vectorsInOrder(answer: unknown, count: number): unknown[] {
  const data: unknown = (answer as { data?: unknown } | null)?.data
  if (!Array.isArray(data)) throw unreadable('it lacks data')
  if (data.length !== count) throw unreadable(`it holds ${data.length} vectors for ${count} texts`)
  const vectors = new Map<number, unknown>()
  data.forEach((entry: { index?: unknown; embedding?: unknown } | null, position) => {
    const index = entry?.index ?? position
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || vectors.has(index))
      throw unreadable('its indexes do not number the texts')
    vectors.set(index, entry?.embedding)
  })
  return Array.from({ length: count }, (_, index) => vectors.get(index))
}
