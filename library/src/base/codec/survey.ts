import { isArrayBuffer, isDataView, isDate, isMap, isRegExp, isSet, isTypedArray } from 'node:util/types'

/** Past this a value is taken to refer to itself. */
export const deepestValue = 500

/** The walk met something that cannot be stored; `findFault` says what and where. */
export const unencodable = Symbol('unencodable')

/**
 * Walks through a value once: is it plain data (objects, arrays, primitives), which a frozen copy keeps safe; can JSON
 * carry it as it is; about how many bytes of memory does it take.
 */
export class Survey {
  /** Holds a Map, Set, Date, RegExp or bytes, which freezing does not protect. */
  rich = false
  /** JSON gives it back exactly. */
  json = true
  nodes = 0
  numbers = 0
  bytes = 0

  /**
   * A deeply frozen copy, of use when the value turns out to be plain.
   * @throws unencodable
   */
  frozenCopy(value: unknown, depth = 0): unknown {
    this.nodes += 1
    switch (typeof value) {
      case 'string':
        this.bytes += 24 + (value.length < 32 ? value.length * 2 : Buffer.byteLength(value))
        return value
      case 'number':
        this.numbers += 1
        this.bytes += 16
        if (!Number.isFinite(value) || Object.is(value, -0)) this.json = false
        return value
      case 'boolean':
        this.bytes += 8
        return value
      case 'undefined':
      case 'bigint':
        this.bytes += 24
        this.json = false
        return value
      case 'object':
        return value === null ? value : this.#object(value, depth + 1)
      default:
        throw unencodable
    }
  }

  #object(value: object, depth: number): unknown {
    if (depth > deepestValue) throw unencodable
    if (Array.isArray(value)) return this.#array(value, depth)
    if (isPlainObject(value)) return this.#plainObject(value, depth)
    this.rich = true
    this.json = false
    if (isMap(value) && isBuiltIn(value, 2)) {
      this.bytes += 128
      for (const [key, inner] of value) {
        this.frozenCopy(key, depth)
        this.frozenCopy(inner, depth)
      }
    } else if (isSet(value) && isBuiltIn(value, 2)) {
      this.bytes += 128
      for (const inner of value) this.frozenCopy(inner, depth)
    } else if (!isRestorable(value)) throw unencodable
    return value
  }

  #array(value: unknown[], depth: number): unknown {
    if (Object.getPrototypeOf(value) !== Array.prototype && !isBuiltIn(value, 2)) throw unencodable
    const { length } = value
    this.bytes += 32 + length * 8
    const copy: unknown[] = []
    for (let index = 0; index < length; index += 1) {
      const item = value[index]
      if (item === undefined && !(index in value)) {
        this.json = false
        copy.length += 1
      } else copy.push(this.frozenCopy(item, depth))
    }
    return Object.freeze(copy)
  }

  #plainObject(value: object, depth: number): unknown {
    if (Object.getOwnPropertySymbols(value).length > 0) throw unencodable
    this.bytes += 48
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      // The keys come from the object itself.
      const inner = this.frozenCopy((value as Record<string, unknown>)[key], depth)
      this.bytes += 8
      if (key === '__proto__') {
        Object.defineProperty(copy, key, { value: inner, enumerable: true, configurable: true, writable: true })
      } else copy[key] = inner
    }
    return Object.freeze(copy)
  }
}

/** An object literal, also one without a prototype or of another realm. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  return (
    typeof prototype === 'object' &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  )
}

/** What comes back with its type, and is no subclass that would come back as its parent. */
export function isRestorable(value: object): boolean {
  if (isTypedArray(value)) return !isShared(value.buffer) && isBuiltIn(value, 3)
  if (isDataView(value)) return !isShared(value.buffer) && isBuiltIn(value, 2)
  return (isDate(value) || isRegExp(value) || isArrayBuffer(value)) && isBuiltIn(value, 2)
}

/** Whether a built-in's chain of prototypes is as long as it comes; that of a Buffer is one longer. */
export function isBuiltIn(value: object, chain: number): boolean {
  let length = 0
  let next: unknown = Object.getPrototypeOf(value)
  while (next !== null) {
    length += 1
    next = Object.getPrototypeOf(next)
  }
  return length === chain || (length === chain + 1 && Buffer.isBuffer(value))
}

function isShared(buffer: ArrayBufferLike): boolean {
  return !isArrayBuffer(buffer)
}
