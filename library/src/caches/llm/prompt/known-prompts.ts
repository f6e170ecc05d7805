import { crc32 } from 'node:zlib'
import { MemoryCache } from '../../../eviction/memory-cache.ts'
import type { HeaderValues } from '../asking/controls.ts'
import { type Prompt, readPrompt } from './prompt.ts'

/** So many bytes of bodies are remembered, and none that is longer than a part of it. */
const mostKnownBytes = 32 * 1024 * 1024
const longestKnown = 1024 * 1024
/** So much of a body's end is summed up to find it again. */
const summedBytes = 4_096
/** What a remembered body takes beside its bytes, about. */
const overheadBytes = 500

/** Headers that change what a model answers. */
const telling = ['anthropic-beta', 'anthropic-version', 'openai-beta', 'openai-organization', 'openai-project'] as const

interface Known {
  readonly body: Uint8Array
  readonly prompt: Prompt
}

/**
 * Reads requests, and remembers those read: programs send the same bytes again, and comparing bytes costs a small part of
 * reading JSON, or of hashing.
 */
export class KnownPrompts {
  readonly #known = new MemoryCache<string, Known>({
    maxBytes: mostKnownBytes,
    sizeOf: ({ body }) => body.byteLength + overheadBytes,
  })

  /** Undefined when the body cannot be read in one way only. */
  read(body: Uint8Array, headers: HeaderValues): Prompt | undefined {
    const variant = variantOf(headers)
    if (body.byteLength > longestKnown) return readPrompt(body, variant)
    // What differs mostly differs at the end. Bodies of one sum are told apart by their bytes; the later one is remembered.
    const sum = `${crc32(body.subarray(-summedBytes))}:${body.byteLength}:${variant}`
    const known = this.#known.get(sum)
    if (known !== undefined && Buffer.compare(known.body, body) === 0) return known.prompt
    const prompt = readPrompt(body, variant)
    if (prompt !== undefined) this.#known.set(sum, { body: Uint8Array.from(body), prompt })
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
