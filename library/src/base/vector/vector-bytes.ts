import { endianness } from 'node:os'

const isBigEndian = endianness() === 'BE'

/** The numbers as little-endian float32, four bytes each. May be a view of the vector. */
export function bytesOfVector(vector: Float32Array): Buffer {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  return isBigEndian ? Buffer.from(bytes).swap32() : bytes
}

/** The vector that such bytes hold; a copy, because what comes from a pool need not begin at a multiple of four. */
export function vectorOfBytes(bytes: Uint8Array): Float32Array {
  const copy = Buffer.from(Uint8Array.prototype.slice.call(bytes).buffer)
  if (isBigEndian) copy.swap32()
  return new Float32Array(copy.buffer, copy.byteOffset, copy.byteLength / 4)
}
