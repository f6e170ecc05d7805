/** Longer texts are hashed by a sample of their characters. */
const hashedCharacters = 64

/**
 * 32 bits for a key, equal for equal keys and spread over all bits; 0 for objects and symbols, which have nothing stable
 * to hash. Not made to withstand people who look for collisions: those only make evictions less apt.
 */
export function keyHash(key: unknown): number {
  switch (typeof key) {
    case 'string':
      return textHash(key)
    case 'number':
      return Number.isInteger(key) ? mixed(key ^ Math.floor(key / 0x1_0000_0000)) : textHash(String(key))
    case 'bigint':
    case 'boolean':
      return textHash(String(key))
    default:
      return 0
  }
}

function textHash(text: string): number {
  const { length } = text
  const stride = length <= hashedCharacters ? 1 : Math.ceil(length / hashedCharacters)
  let hash = length
  // From the end, where keys differ most often.
  for (let at = length - 1; at >= 0; at -= stride) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193)
  return mixed(hash)
}

/** The last step of MurmurHash3, and never 0. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16)
  hash = Math.imul(hash, 0x85eb_ca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) | 0 || 1
}
