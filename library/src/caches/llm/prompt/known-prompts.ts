import { hash } from 'node:crypto'
import { MemoryCache } from '../../../eviction/memory-cache.ts'
import type { HeaderValues } from '../asking/controls.ts'
import { type Prompt, readPrompt } from './prompt.ts'

/** So many bodies are remembered, some 400 bytes each. */
const mostKnown = 10_000

/** Headers that change what a model answers. */
const telling = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'openai-organization', 'openai-project'] as const

/**
 * Reads requests, and remembers those read: programs send the same bytes again, and hashing bytes costs a tenth of reading
 * JSON.
 */
export class KnownPrompts {
  readonly #known = new MemoryCache<string, Prompt>({ maxEntries: mostKnown })

  /** Undefined when the body cannot be read in one way only. */
  read(body: Uint8Array, headers: HeaderValues): Prompt | undefined {
    const variant = variantOf(headers)
    const digest = hash('sha256', body, 'base64url') + variant
    const known = this.#known.get(digest)
    if (known !== undefined) return known
    const prompt = readPrompt(body, variant)
    if (prompt !== undefined) this.#known.set(digest, prompt)
    return prompt
  }
}

function variantOf(headers: HeaderValues): string {
  let variant = ''
  for (const name of telling) {
    const value = headers[name]
    if (value !== undefined) variant += `${name}:${JSON.stringify(value)}\n`
  }
  return variant
}

/**
 * The hash of a request: of its body as canonical JSON, without `stream`, `stream_options`, `user` and `metadata`, and of
 * the few headers that change what a model answers. Undefined when the body can be read in several ways or in none.
 * @example await llm.invalidate({ promptHash: promptHash(Buffer.from(JSON.stringify(request))) })
 */
export function promptHash(body: Uint8Array, headers: HeaderValues = {}): string | undefined {
  return readPrompt(body, variantOf(headers))?.hash
}
