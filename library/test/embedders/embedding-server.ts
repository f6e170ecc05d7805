import { type Answer, type JsonServer, type Request, startJsonServer } from './json-server.ts'

export interface EmbeddingRequest {
  readonly model: string
  readonly input: readonly string[]
  readonly dimensions?: number
  readonly encoding_format?: string
}

/** A vector that depends on the text alone. */
export function numbersOf(text: string, dimensions: number): number[] {
  let state = 2166136261
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16777619)
  return Array.from({ length: dimensions }, () => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 12345
    return Math.fround((state >>> 8) / 2 ** 24 - 0.5)
  })
}

/** The answer of a model in good health, as OpenAI's reference has it. */
export function healthyAnswer({ model, input, dimensions = 8 }: EmbeddingRequest): Answer {
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: numbersOf(text, dimensions) }))
  return { body: { object: 'list', data, model, usage: { prompt_tokens: 1, total_tokens: 1 } } }
}

/** An OpenAI-compatible `/v1/embeddings` that answers as it is told; in good health when it is told nothing. */
export function startEmbeddingServer(
  answer: (asked: EmbeddingRequest, request: Request) => Answer | Promise<Answer> = healthyAnswer,
): Promise<JsonServer> {
  return startJsonServer(request => {
    if (request.path !== '/v1/embeddings') return { status: 404, body: { error: { code: 'unknown_url' } } }
    return answer(JSON.parse(request.body), request)
  })
}
