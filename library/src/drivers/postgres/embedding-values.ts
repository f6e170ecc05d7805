import { endianness } from 'node:os'

/** A vector as a JSON array of the shortest decimals that give the same float32 numbers again. */
export function vectorJson(vector: Float32Array): string {
  return `[${Array.from(vector, shortest).join(',')}]`
}

/** A vector as base64 of little-endian float32, four bytes a number. */
export function vectorBase64(vector: Float32Array): string {
  const bytes = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength)
  return (endianness() === 'BE' ? Buffer.from(bytes).swap32() : bytes).toString('base64')
}

/** Nine digits always tell a float32 from its neighbours, mostly seven or eight do. */
function shortest(number: number): number {
  for (const digits of [7, 8]) {
    const decimal = Number(number.toPrecision(digits))
    if (Math.fround(decimal) === number) return decimal
  }
  return Number(number.toPrecision(9))
}
