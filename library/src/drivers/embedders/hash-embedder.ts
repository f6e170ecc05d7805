import { setImmediate as turnOfOthers } from 'node:timers/promises'
import { RepriseError } from '../../base/reprise-error.ts'
import type { Embedder } from '../../ports/embedder.ts'

export interface HashEmbedderOptions {
  /** Length of the vectors. Default 256. */
  readonly dimensions?: number
}

const weights = { word: 1, wordPair: 0.5, trigram: 0.25 } as const

/** After this many features the event loop gets its turn: about a third of a millisecond of work. */
const featuresPerTurn = 4096

/**
 * Vectors without a model: words, pairs of neighbouring words and three-letter pieces of words are hashed into signed
 * buckets (feature hashing, Weinberger et al. 2009, https://arxiv.org/abs/0902.2206) and scaled to length 1. Texts that
 * share words come out close, so that near-exact matches are found; meaning is not understood. Only integer and
 * IEEE 754 arithmetic in a fixed order, so that all machines agree.
 *
 * @example
 * const embedder = hashEmbedder()
 * embedder.model // 'hash-256'
 */
export function hashEmbedder({ dimensions = 256 }: HashEmbedderOptions = {}): Embedder {
  return {
    model: `hash-${dimensions}`,
    maxBatch: 32,
    embed: async (texts, signal) => {
      const embeddings = []
      for (const text of texts) {
        if (signal.aborted) throw new RepriseError('embedding_failed', 'Embedding was called off.')
        embeddings.push({ vector: await vectorOf(text, dimensions), truncated: false })
        await turnOfOthers()
      }
      return embeddings
    },
    close: async () => {},
  }
}

async function vectorOf(text: string, dimensions: number): Promise<Float32Array> {
  const sums = new Float64Array(dimensions)
  const add = (hash: number, weight: number) => {
    const bucket = (hash >>> 1) % dimensions
    sums[bucket] = (sums[bucket] ?? 0) + (hash & 1 ? weight : -weight)
  }

  const folded = text.normalize('NFKC').toLowerCase()
  let features = 0
  let previous: number | undefined
  for (const { 0: word, index } of folded.matchAll(/[\p{L}\p{M}\p{N}]+/gu)) {
    const end = index + word.length
    const hash = hashOf(folded, index, end, 1)
    add(hash, weights.word)
    if (previous !== undefined) add(mix(Math.imul(previous, 31) + hash), weights.wordPair)
    previous = hash
    for (let start = index; start + 3 <= end; start += 1) {
      add(hashOf(folded, start, start + 3, 2), weights.trigram)
      if (++features % featuresPerTurn === 0) await turnOfOthers()
    }
    if (++features % featuresPerTurn === 0) await turnOfOthers()
  }

  // A text of punctuation alone has no words, and opposite signs can cancel: the text as a whole is the last feature.
  if (sums.every(sum => sum === 0)) add(hashOf(text, 0, text.length, 3), weights.word)
  const norm = Math.sqrt(sums.reduce((total, sum) => total + sum * sum, 0))
  return Float32Array.from(sums, sum => sum / norm)
}

/** FNV-1a over UTF-16 code units, finished as in MurmurHash3, because FNV's low bits alone spread badly. */
function hashOf(text: string, start: number, end: number, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let position = start; position < end; position += 1)
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193)
  return mix(hash)
}

function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
