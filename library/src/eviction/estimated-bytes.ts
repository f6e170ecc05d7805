/** What the cache itself spends on an entry: its place in the map, its slot, its times and sizes. */
const entryOverhead = 96
const objectOverhead = 32
const bytesPerField = 8
/** Past this many parts a value is taken to go on as it began. */
const mostParts = 10_000

/**
 * About how many bytes an entry holds of the heap: key, value and the cache's own part. Texts count two bytes a
 * character unless all of them fit one; an object is counted once, however often it is met; buffers count what they
 * span. What functions, proxies and instances of native classes hold beyond their fields is not seen. A value of more
 * than 10,000 parts is estimated from its first ones.
 */
export function estimatedBytes(value: unknown, key: unknown): number {
  return entryOverhead + heapBytes(key) + heapBytes(value)
}

function heapBytes(root: unknown): number {
  if (typeof root !== 'object' || root === null) return leafBytes(root)
  const seen = new Set<object>([root])
  // Grows while it is walked.
  const waiting: object[] = [root]
  let bytes = 0
  let parts = 0
  const add = (part: unknown) => {
    parts += 1
    if (typeof part !== 'object' || part === null) bytes += leafBytes(part)
    else if (!seen.has(part)) {
      seen.add(part)
      waiting.push(part)
    }
  }
  for (const [walked, object] of waiting.entries()) {
    bytes += objectBytes(object, add)
    if (parts > mostParts) return Math.ceil((bytes * waiting.length) / (walked + 1))
  }
  return bytes
}

function leafBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return 16 + (isOneByte(value) ? value.length : value.length * 2)
    case 'number':
      return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : 16
    case 'bigint':
      return 16 + Math.ceil(value.toString(16).length / 2)
    case 'function':
      return 64
    default:
      return 0
  }
}

/** What an object takes itself; hands its parts over to be counted. */
function objectBytes(object: object, add: (part: unknown) => void): number {
  if (ArrayBuffer.isView(object)) return objectOverhead + bytesPerField * 8 + object.byteLength
  if (object instanceof ArrayBuffer || object instanceof SharedArrayBuffer)
    return objectOverhead * 2 + object.byteLength
  let fields = 0
  if (object instanceof Map) {
    fields = object.size * 6
    for (const [key, value] of object) {
      add(key)
      add(value)
    }
  } else if (object instanceof Set) {
    fields = object.size * 4
    for (const value of object) add(value)
  } else if (Array.isArray(object)) {
    fields = object.length
    for (const part of object) add(part)
  } else {
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(object))) {
      fields += 1
      add(value)
    }
  }
  return objectOverhead + fields * bytesPerField
}

/** Looks at the beginning and the end: whole texts may be long. */
function isOneByte(text: string): boolean {
  const looked = text.length > 128 ? text.slice(0, 64) + text.slice(-64) : text
  for (let at = 0; at < looked.length; at += 1) if (looked.charCodeAt(at) > 0xff) return false
  return true
}
