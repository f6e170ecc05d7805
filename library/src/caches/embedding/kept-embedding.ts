import { RepriseError } from '../../base/reprise-error.ts'
import { bytesOfVector, vectorOfBytes } from '../../base/vector/vector-bytes.ts'

/** One input's embedding, as it is kept. */
export interface KeptEmbedding {
  readonly vector: Float32Array
  /** Whether the model read only a part of the input. */
  readonly truncated: boolean
  /** Whether the model gave the vector as a list of numbers rather than a Float32Array. */
  readonly asList: boolean
  /** The input's share of the tokens that the model counted; 0 where it counts none. */
  readonly tokens: number
  /** What the model called itself in its answer; empty where it does not. */
  readonly answeredBy: string
}

// Layout, little-endian: format, flags, bytes of the name | tokens | the numbers, four bytes each | the name.
const format = 1
const headBytes = 8
const truncatedBit = 0b01
const listBit = 0b10
const longestName = 1_024

/** Four bytes a number, eight more, and the model's name for itself. */
export function writeEmbedding(embedding: KeptEmbedding): Uint8Array {
  const { vector, truncated, asList, tokens, answeredBy } = embedding
  const name = Buffer.from(answeredBy).subarray(0, longestName)
  const bytes = Buffer.alloc(headBytes + vector.byteLength + name.byteLength)
  bytes[0] = format
  bytes[1] = (truncated ? truncatedBit : 0) | (asList ? listBit : 0)
  bytes.writeUInt16LE(name.byteLength, 2)
  bytes.writeFloatLE(tokens, 4)
  bytes.set(bytesOfVector(vector), headBytes)
  bytes.set(name, headBytes + vector.byteLength)
  // A plain Uint8Array: caches give back the class that they were given.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** @throws RepriseError `embedding_failed` when something else lies under the key */
export function readEmbedding(value: unknown): KeptEmbedding {
  if (!(value instanceof Uint8Array) || value.byteLength < headBytes || value[0] !== format) {
    throw new RepriseError(
      'embedding_failed',
      'What the cache holds under an embedding’s key is no embedding; clear its namespace.',
    )
  }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const flags = bytes.readUInt8(1)
  const numbersEnd = bytes.byteLength - bytes.readUInt16LE(2)
  return {
    vector: vectorOfBytes(bytes.subarray(headBytes, numbersEnd)),
    truncated: (flags & truncatedBit) !== 0,
    asList: (flags & listBit) !== 0,
    tokens: bytes.readFloatLE(4),
    answeredBy: bytes.toString('utf8', numbersEnd),
  }
}
