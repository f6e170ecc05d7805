import { readDirection } from '../../base/vector/read-vector.ts'
import type { Embedder, Embedding } from '../../ports/embedder.ts'
import { beginningOf } from './beginning-of.ts'
import { type AccessTokens, googleAccessTokens } from './google-access-tokens.ts'
import { callModel, unreadable } from './model-call.ts'

export interface VertexEmbedderOptions {
  /** The Google Cloud project that is billed. */
  readonly project: string
  /** Default `us-central1`. */
  readonly location?: string
  /** Default `multimodalembedding@001`. */
  readonly model?: string
  /** 128, 256, 512 or 1408. Default 1408. */
  readonly dimension?: number
  /** Calls at the same time. Default 4. */
  readonly parallel?: number
  /** Default `https://{location}-aiplatform.googleapis.com`. */
  readonly baseUrl?: string
  /** What gives access tokens, such as a `GoogleAuth`. Default: Application Default Credentials. */
  readonly auth?: AccessTokens
  /** Default: the platform's `fetch`. */
  readonly fetch?: typeof fetch
}

/** The model reads this much of a text and no more; the API refuses longer texts. */
const maxTokens = 32
const maxCharacters = 1024

/**
 * Google's multimodal embedding model over Vertex AI's REST interface: one text a call, several calls at a time. It
 * reads 32 tokens of a text. Its tokens are not public, so that they are estimated by words, which never number more
 * than tokens: a text past 32 words is surely `truncated`, one a little below it may be without being marked.
 *
 * @see https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/multimodal-embeddings-api
 * @example
 * const embedder = vertexEmbedder({ project: 'my-project' }) // with GOOGLE_APPLICATION_CREDENTIALS set
 */
export function vertexEmbedder(options: VertexEmbedderOptions): Embedder {
  const {
    project,
    location = 'us-central1',
    model = 'multimodalembedding@001',
    dimension = 1408,
    parallel = 4,
  } = options
  const host = location === 'global' ? 'aiplatform.googleapis.com' : `${location}-aiplatform.googleapis.com`
  const base = (options.baseUrl ?? `https://${host}`).replace(/\/+$/, '')
  const url = `${base}/v1/projects/${project}/locations/${location}/publishers/google/models/${model}:predict`
  const tokens = googleAccessTokens(options.auth)

  async function embedOne(text: string, signal: AbortSignal): Promise<Embedding> {
    const read = beginningOf(text, maxCharacters)
    const answer = await callModel({
      url,
      headers: { authorization: `Bearer ${await tokens(signal)}` },
      body: { instances: [{ text: read }], parameters: { dimension } },
      fetch: options.fetch ?? fetch,
      signal,
    })
    const truncated = read.length < text.length || hasMoreWordsThan(maxTokens, read)
    return { vector: readDirection(textEmbeddingIn(answer), dimension), truncated }
  }

  return {
    model,
    maxBatch: parallel,
    embed: async (texts, signal) => {
      // The first failure fails them all; the others are called off rather than paid for in vain.
      const failed = new AbortController()
      const either = AbortSignal.any([signal, failed.signal])
      const embeddings: Embedding[] = []
      let next = 0
      const oneAfterAnother = async () => {
        for (let index = next++; index < texts.length; index = next++)
          embeddings[index] = await embedOne(texts[index] ?? '', either)
      }
      try {
        await Promise.all(Array.from({ length: Math.min(parallel, texts.length) }, oneAfterAnother))
      } catch (error) {
        failed.abort()
        throw error
      }
      return embeddings
    },
    close: async () => {},
  }
}

function textEmbeddingIn(answer: unknown): unknown {
  const predictions: unknown = (answer as { predictions?: unknown } | null)?.predictions
  if (!Array.isArray(predictions) || predictions.length !== 1) throw unreadable('it does not hold one prediction')
  return (predictions[0] as { textEmbedding?: unknown } | null)?.textEmbedding
}

/** Scripts that are written without spaces count a word a character. */
const wordPattern =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[^\s\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]+/gu

function hasMoreWordsThan(limit: number, text: string): boolean {
  let words = 0
  for (const _ of text.matchAll(wordPattern)) if (++words > limit) return true
  return false
}
