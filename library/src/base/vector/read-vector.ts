import { RepriseError } from '../reprise-error.ts'
import { vectorOfBytes } from './vector-bytes.ts'

/**
 * Reads one vector of a model's answer: an array of numbers, or base64 of little-endian float32.
 * @throws RepriseError `embedding_failed` when it is empty, not finite, or not of `dimensions`
 */
export function readVector(value: unknown, dimensions: number | undefined): Float32Array {
  const vector = typeof value === 'string' ? ofBase64(value) : ofNumbers(value)
  if (vector.length === 0) throw unusable('a vector is empty')
  if (dimensions !== undefined && vector.length !== dimensions)
    throw unusable(`a vector has ${vector.length} dimensions where ${dimensions} were expected`)
  if (!vector.every(Number.isFinite)) throw unusable('a vector holds a number that is not finite')
  return vector
}

/**
 * The same for a vector that will be compared by its direction.
 * @throws RepriseError `embedding_failed`, for a vector of zeros too
 */
export function readDirection(value: unknown, dimensions: number | undefined): Float32Array {
  const vector = readVector(value, dimensions)
  if (vector.every(number => number === 0)) throw unusable('a vector is all zeros, which points nowhere')
  return vector
}

function ofNumbers(value: unknown): Float32Array {
  if (value instanceof Float32Array) return value
  const numbers: unknown = value instanceof Float64Array ? Array.from(value) : value
  if (!Array.isArray(numbers)) throw unusable('it lacks a vector')
  if (!numbers.every(number => typeof number === 'number')) throw unusable('a vector holds something that is no number')
  return Float32Array.from(numbers)
}

function ofBase64(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text))
    throw unusable('a vector is not base64 of float32')
  return vectorOfBytes(bytes)
}

function unusable(reason: string): RepriseError {
  return new RepriseError('embedding_failed', `The embedding model's answer cannot be used: ${reason}.`)
}
