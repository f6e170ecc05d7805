/** What the cache itself spends on an entry: its place in the map, its slot, its times and sizes. */
const entryOverhead = 96
const objectOverhead = 32
const bufferOverhead = 96
const bytesPerField = 8
/** Of the parts of one object, as many are looked at; the others are taken to be like them. */
const sampledParts = 100
/** Of a whole value, as many parts are looked at, and as deep; past that a part counts as a small object. */
const mostParts = 10_000
const deepest = 50

/**
 * About how many bytes an entry holds of the heap: key, value and the cache's own part. Texts count two bytes a
 * character unless all of them fit one; an object is counted once, however often it is met; buffers count what they
 * span. What functions, proxies and instances of native classes hold beyond their fields is not seen. Looks at a hundred
 * parts of each array, object, map or set, and at 10,000 in all.
 */
export function estimatedBytes(value: unknown, key: unknown): number {
  return entryOverhead + heapBytes(key) + heapBytes(value)
}

function heapBytes(value: unknown): number {
  return typeof value === 'object' ? new Walk().bytesOf(value, 0) : leafBytes(value)
}

/** The way through one value. */
class Walk {
  readonly #seen = new Set<object>()
  #parts = 0

  bytesOf(value: unknown, depth: number): number {
    if (typeof value !== 'object' || value === null) return leafBytes(value)
    if (this.#seen.has(value)) return 0
    this.#seen.add(value)
    if (depth >= deepest || this.#parts >= mostParts) return objectOverhead
    if (ArrayBuffer.isView(value)) return bufferOverhead + value.byteLength
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return bufferOverhead + value.byteLength
    if (value instanceof Map)
      return objectOverhead + value.size * 6 * bytesPerField + this.#sample(value, value.size, depth)
    if (value instanceof Set)
      return objectOverhead + value.size * 4 * bytesPerField + this.#sample(value, value.size, depth)
    const fields = Array.isArray(value) ? value : fieldsOf(value)
    return objectOverhead + fields.length * bytesPerField + this.#sample(fields, fields.length, depth)
  }

  /** The bytes of this many parts, by those of the first ones. */
  #sample(parts: Iterable<unknown>, count: number, depth: number): number {
    let bytes = 0
    let looked = 0
    for (const part of parts) {
      if (looked === sampledParts) break
      looked += 1
      this.#parts += 1
      bytes += this.bytesOf(part, depth + 1)
    }
    return looked === 0 ? 0 : Math.ceil((bytes / looked) * count)
  }
}

/** Values of data fields; accessors are not called. */
function fieldsOf(object: object): readonly unknown[] {
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(({ value }) => value)
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

/** Looks at the beginning and the end: whole texts may be long. */
function isOneByte(text: string): boolean {
  const looked = text.length > 128 ? text.slice(0, 64) + text.slice(-64) : text
  for (let at = 0; at < looked.length; at += 1) if (looked.charCodeAt(at) > 0xff) return false
  return true
}
