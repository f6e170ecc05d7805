import { setImmediate as turnOfOthers } from 'node:timers/promises'
import { RepriseError } from '../../../base/reprise-error.ts'
import { readVector } from '../../../base/vector/read-vector.ts'
import { bytesOfVector } from '../../../base/vector/vector-bytes.ts'
import { vectorJsonBytes } from '../../../base/vector/vector-json.ts'
import type { EmbeddingInput } from '../embedding-cache.ts'
import type { KeptEmbedding } from '../kept-embedding.ts'

/**
 * Reads an upstream's answer for some inputs: their vectors in order, written as numbers or as base64, and each one's
 * share of the tokens, by its length.
 * @throws RepriseError `embedding_failed`
 */
export function readEmbeddingsReply(body: Uint8Array, inputs: readonly EmbeddingInput[]): readonly KeptEmbedding[] {
  const { data, model, usage } = parsed(body)
  if (!Array.isArray(data) || data.length !== inputs.length)
    throw unusable(`it holds ${Array.isArray(data) ? data.length : 'no'} vectors for ${inputs.length} inputs`)
  const vectors = new Map<number, Float32Array>()
  data.forEach((entry: { index?: unknown; embedding?: unknown } | null, position) => {
    const index = entry?.index ?? position
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= data.length)
      throw unusable('its indexes do not number the inputs')
    vectors.set(index, readVector(entry?.embedding, vectors.values().next().value?.length))
  })
  const answeredBy = typeof model === 'string' ? model : ''
  const tokens = tokensIn(usage)
  const length = inputs.reduce((sum, input) => sum + input.length, 0)
  return inputs.map((input, index) => {
    const vector = vectors.get(index)
    if (vector === undefined) throw unusable('its indexes do not number the inputs')
    const share = length === 0 ? 1 / inputs.length : input.length / length
    return { vector, truncated: false, asList: false, tokens: tokens * share, answeredBy }
  })
}

/** After so many numbers that were written down others get their turn. */
const numbersPerTurn = 32_768

export interface ReplyParts {
  readonly embeddings: readonly KeptEmbedding[]
  readonly encoding: 'float' | 'base64'
  /** Where no answer of the model named it. */
  readonly model: string
  readonly tokens: number
}

/**
 * Writes an answer as OpenAI does. Both encodings carry the same float32 numbers: decimals are the shortest that give them
 * again.
 */
export async function writeEmbeddingsReply({ embeddings, encoding, model, tokens }: ReplyParts): Promise<Uint8Array> {
  const pieces: Buffer[] = [Buffer.from('{"object":"list","data":[')]
  let numbers = 0
  for (const [index, { vector }] of embeddings.entries()) {
    pieces.push(Buffer.from(`${index === 0 ? '' : ','}{"object":"embedding","index":${index},"embedding":`))
    pieces.push(encoding === 'base64' ? base64(vector) : vectorJsonBytes(vector), endOfEntry)
    numbers += encoding === 'base64' ? vector.length / 16 : vector.length
    if (numbers > numbersPerTurn) {
      numbers = 0
      await turnOfOthers()
    }
  }
  const answeredBy = embeddings.find(embedding => embedding.answeredBy !== '')?.answeredBy ?? model
  const usage = JSON.stringify({ prompt_tokens: tokens, total_tokens: tokens })
  pieces.push(Buffer.from(`],"model":${JSON.stringify(answeredBy)},"usage":${usage}}`))
  return Buffer.concat(pieces)
}

const endOfEntry = Buffer.from('}')

function base64(vector: Float32Array): Buffer {
  return Buffer.from(`"${bytesOfVector(vector).toString('base64')}"`, 'latin1')
}

interface Reply {
  readonly data?: unknown
  readonly model?: unknown
  readonly usage?: unknown
}

function parsed(body: Uint8Array): Reply {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    // Whatever it is: its members are read as unknown.
    if (typeof value === 'object' && value !== null) return value as Reply
  } catch {
    throw unusable('it is no JSON')
  }
  throw unusable('it is no JSON object')
}

function tokensIn(usage: unknown): number {
  const { prompt_tokens, total_tokens } = (usage ?? {}) as { prompt_tokens?: unknown; total_tokens?: unknown }
  const tokens = prompt_tokens ?? total_tokens
  return typeof tokens === 'number' && tokens >= 0 && Number.isFinite(tokens) ? tokens : 0
}

function unusable(reason: string): RepriseError {
  return new RepriseError('embedding_failed', `The embedding model's answer cannot be used: ${reason}.`)
}
