/** Writes Protocol Buffers (https://protobuf.dev/programming-guides/encoding), as much of them as a model needs. */
export type Field = readonly [number: number, value: number | string | Uint8Array | readonly Field[] | Float]

/** A 32-bit float, which on the wire is another kind than a whole number. */
export interface Float {
  readonly float: number
}

export function message(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([number, value]) => written(number, value)))
}

function written(number: number, value: Field[1]): readonly Uint8Array[] {
  if (typeof value === 'number') return [varint(number << 3), varint(value)]
  if (typeof value === 'object' && 'float' in value) {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value.float)
    return [varint((number << 3) | 5), bytes]
  }
  const bytes = typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : message(value)
  return [varint((number << 3) | 2), varint(bytes.byteLength), bytes]
}

/** Negative numbers are written as 64 bits, as `int64` asks. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
