import type { Json } from '../json-schema-example.ts'
import { invalidRequest } from '../model-errors.ts'
import { countTokens, Seed } from '../model-text.ts'

const dimensionsOf: Readonly<Record<string, number>> = {
  'text-embedding-3-small': 1_536,
  'text-embedding-3-large': 3_072,
  'text-embedding-ada-002': 1_536,
}
const longestBatch = 2_048

/** OpenAI's `POST /v1/embeddings`: a vector for each text or list of tokens, as numbers or as base64 of float32. */
export function embeddings(body: Json): Json {
  const { model, input, dimensions, encoding_format } = body
  const inputs = inputsOf(input)
  const size = typeof dimensions === 'number' ? dimensions : (dimensionsOf[String(model)] ?? 256)
  const data = inputs.map((each, index) => {
    const vector = vectorOf(String(model), each, size)
    const embedding =
      encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : [...vector].map(shortest)
    return { object: 'embedding', index, embedding }
  })
  const prompt_tokens = countTokens(input)
  return { object: 'list', data, model, usage: { prompt_tokens, total_tokens: prompt_tokens } }
}

function inputsOf(input: unknown): readonly unknown[] {
  if (typeof input === 'string' && input !== '') return [input]
  if (!Array.isArray(input) || input.length === 0 || input.length > longestBatch) {
    throw invalidRequest("'$.input' is invalid.", 'input')
  }
  // A single list of tokens is one input.
  return typeof input[0] === 'number' ? [input] : input
}

/** Texts that share words are near each other, so that search by meaning has something to find. */
function vectorOf(model: string, input: unknown, size: number): Float32Array {
  const vector = new Float32Array(size)
  const words = typeof input === 'string' ? (input.toLowerCase().match(/\p{L}+/gu) ?? [input]) : [JSON.stringify(input)]
  for (const word of words) {
    const seed = new Seed(model, word)
    for (let count = 0; count < 24; count += 1) {
      const at = seed.below(size)
      vector[at] = (vector[at] ?? 0) + (seed.below(2_001) - 1_000) / 1_000
    }
  }
  const length = Math.hypot(...vector) || 1
  return vector.map(value => value / length)
}

/** The shortest decimal that is the same float32, as the real service writes it. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits += 1) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(9))
}
