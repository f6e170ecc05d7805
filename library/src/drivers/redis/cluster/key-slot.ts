/** How many slots a Redis Cluster divides its keys into. */
export const slotCount = 16_384

let table: Uint16Array | undefined

/** CRC-16/XMODEM of each byte, made when first asked for. */
function remainders(): Uint16Array {
  const made = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte += 1) {
    let remainder = byte << 8
    for (let bit = 0; bit < 8; bit += 1) remainder = (remainder << 1) ^ (remainder & 0x8000 ? 0x1021 : 0)
    made[byte] = remainder
  }
  return made
}

/**
 * The slot of a key in a Redis Cluster: CRC-16 of its bytes, or of what stands between the first `{` and the next `}`
 * where that is not empty (Redis Cluster specification, "Hash tags").
 */
export function keySlot(key: string): number {
  table ??= remainders()
  const tag = hashTag(key)
  let remainder = 0
  for (let index = 0; index < tag.length; index += 1) {
    const unit = tag.charCodeAt(index)
    if (unit > 0x7f) return slotOfBytes(Buffer.from(tag), table)
    // The index is a byte, and the table has 256 places.
    remainder = ((remainder << 8) ^ (table[(remainder >> 8) ^ unit] as number)) & 0xffff
  }
  return remainder % slotCount
}

function slotOfBytes(bytes: Uint8Array, made: Uint16Array): number {
  let remainder = 0
  for (const byte of bytes) remainder = ((remainder << 8) ^ (made[(remainder >> 8) ^ byte] as number)) & 0xffff
  return remainder % slotCount
}

function hashTag(key: string): string {
  const from = key.indexOf('{')
  if (from < 0) return key
  const to = key.indexOf('}', from + 1)
  return to > from + 1 ? key.slice(from + 1, to) : key
}
