import { endianness } from 'node:os'
import { unreadable } from './model-call.ts'

/**
 * Reads one vector of a model's answer: an array of numbers, or base64 of little-endian float32.
 * @throws RepriseError `embedding_failed` when it is empty, not finite, all zeros or not of `dimensions`
 */
export function readVector(value: unknown, dimensions: number | undefined): Float32Array {
  const vector = typeof value === 'string' ? ofBase64(value) : ofNumbers(value)
  if (vector.length === 0) throw unreadable('a vector is empty')
  if (dimensions !== undefined && vector.length !== dimensions)
    throw unreadable(`a vector has ${vector.length} dimensions where ${dimensions} were expected`)
  if (!vector.every(Number.isFinite)) throw unreadable('a vector holds a number that is not finite')
  if (vector.every(number => number === 0)) throw unreadable('a vector is all zeros, which points nowhere')
  return vector
}

function ofNumbers(value: unknown): Float32Array {
  if (!Array.isArray(value)) throw unreadable('it lacks a vector')
  if (!value.every(number => typeof number === 'number')) throw unreadable('a vector holds something that is no number')
  return Float32Array.from(value)
}

function ofBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw unreadable('a vector is not base64 of float32')
  if (endianness() === 'BE') bytes.swap32()
  // Copied, because a Buffer from the pool need not begin at a multiple of four bytes.
  return new Float32Array(new Uint8Array(bytes).buffer)
}
