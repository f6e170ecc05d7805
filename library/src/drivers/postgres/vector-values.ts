import { setImmediate as turnOfOthers } from 'node:timers/promises'
import { RepriseError } from '../../base/reprise-error.ts'
import { bytesOfVector } from '../../base/vector/vector-bytes.ts'
import { vectorJson } from '../../base/vector/vector-json.ts'

/** A vector as `cache_embeddings` keeps it, both as text, which every driver passes on alike. */
interface VectorValue {
  /** A JSON array of the shortest decimals that give the same float32 numbers again. */
  readonly json: string
  /** Little-endian float32, four bytes a number. */
  readonly base64: string
}

/**
 * The values of many vectors. Long ones take a good part of a millisecond to write down, so that the event loop gets its
 * turn between them.
 * @throws RepriseError `embedding_failed` for a vector that is empty or not finite
 */
export async function vectorValues(vectors: readonly Float32Array[]): Promise<readonly VectorValue[]> {
  const values: VectorValue[] = []
  for (const vector of vectors) {
    if (vector.length === 0 || !vector.every(Number.isFinite))
      throw new RepriseError(
        'embedding_failed',
        'A vector is empty or not finite; an embedder must refuse such answers.',
      )
    values.push({ json: vectorJson(vector), base64: bytesOfVector(vector).toString('base64') })
    await turnOfOthers()
  }
  return values
}
