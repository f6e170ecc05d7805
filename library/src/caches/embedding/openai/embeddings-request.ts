import { canonicalJson } from '../../../base/codec/canonical-json.ts'
import type { EmbeddingInput } from '../embedding-cache.ts'

/** A request of which it is known what decides about its vectors. */
export interface EmbeddingsRequest {
  readonly model: string
  readonly inputs: readonly EmbeddingInput[]
  /** How the caller wants its vectors written. */
  readonly encoding: 'float' | 'base64'
  /** All that decides about a vector beside the model and the input, as one text. */
  readonly settings: string
  /** The whole body, to be sent on with other inputs. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Decide about no vector. */
const denied: ReadonlySet<string> = new Set(['input', 'model', 'encoding_format', 'user', 'metadata'])

/**
 * Decide about a vector's numbers, not about their kind. With any other parameter a call is passed through: it may ask for
 * vectors that are no float32, such as packed bits.
 */
const understood: ReadonlySet<string> = new Set([
  ...denied,
  ...['dimensions', 'input_type', 'task', 'task_type', 'truncate', 'truncate_prompt_tokens', 'prompt_name'],
  ...['instruction', 'prompt', 'normalize', 'normalized', 'add_special_tokens', 'late_chunking', 'priority'],
])

/** Providers take 2,048 inputs at most; what is beyond any of them is theirs to refuse. */
const mostInputs = 16_384

/** Reads OpenAI's body of `/v1/embeddings`; undefined for any other. */
export function readEmbeddingsRequest(body: Uint8Array): EmbeddingsRequest | undefined {
  const fields = parsed(body)
  if (fields === undefined || Object.keys(fields).some(name => !understood.has(name))) return undefined
  const { model, input, encoding_format: format } = fields
  const inputs = inputsOf(input)
  if (typeof model !== 'string' || model === '' || inputs === undefined) return undefined
  if (format !== undefined && format !== null && format !== 'float' && format !== 'base64') return undefined
  const settings = canonicalJson(
    Object.fromEntries(Object.entries(fields).filter(([name, value]) => !denied.has(name) && value !== null)),
  )
  if (settings === undefined) return undefined
  return { model, inputs, encoding: format === 'base64' ? 'base64' : 'float', settings, fields }
}

/** One text, many texts, the tokens of one, or the tokens of many. */
function inputsOf(input: unknown): readonly EmbeddingInput[] | undefined {
  if (typeof input === 'string' || isTokens(input)) return [input]
  if (!Array.isArray(input) || input.length === 0 || input.length > mostInputs) return undefined
  return input.every(each => typeof each === 'string') || input.every(isTokens) ? input : undefined
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every(token => Number.isSafeInteger(token))
}

function parsed(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    // An object's entries are what its type says.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
