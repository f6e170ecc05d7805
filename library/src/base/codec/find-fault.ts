import { isMap, isSet } from 'node:util/types'
import { RepriseError } from '../reprise-error.ts'
import { deepestValue, isBuiltIn, isPlainObject, isRestorable } from './survey.ts'

/** The error for a value that cannot be stored: names the path inside the value. */
export function notEncodable(value: unknown): RepriseError {
  const fault = findFault(value, 'value', new Set()) ?? { path: 'value', reason: 'cannot be encoded' }
  return new RepriseError(
    'not_encodable',
    `${fault.path} ${fault.reason}. Plain data, Date, Map, Set, RegExp, bigint, ArrayBuffer and typed arrays can be ` +
      'stored; let the loader return those, or call skipStore().',
    { field: fault.path },
  )
}

interface Fault {
  readonly path: string
  readonly reason: string
}

function findFault(value: unknown, path: string, above: Set<object>): Fault | undefined {
  if (typeof value === 'function') return { path, reason: 'is a function' }
  if (typeof value === 'symbol') return { path, reason: 'is a symbol' }
  if (typeof value !== 'object' || value === null) return undefined
  if (above.has(value)) return { path, reason: 'refers to an object that it lies in' }
  if (above.size >= deepestValue) return { path, reason: `is nested deeper than ${deepestValue} levels` }
  above.add(value)
  const fault = faultWithin(value, path, above)
  above.delete(value)
  return fault
}

function faultWithin(value: object, path: string, above: Set<object>): Fault | undefined {
  if (Array.isArray(value)) {
    if (!isBuiltIn(value, 2)) return instanceFault(value, path)
    return firstFault(value.entries(), ([index, item]) => findFault(item, `${path}[${index}]`, above))
  }
  if (isMap(value) && isBuiltIn(value, 2)) {
    return firstFault(value.entries(), ([key, item]) => {
      return findFault(key, `${path}.keys()`, above) ?? findFault(item, `${path}.get(${shown(key)})`, above)
    })
  }
  if (isSet(value) && isBuiltIn(value, 2))
    return firstFault(value.values(), item => findFault(item, `${path}.values()`, above))
  if (isRestorable(value)) return undefined
  if (!isPlainObject(value)) return instanceFault(value, path)
  const [symbol] = Object.getOwnPropertySymbols(value)
  if (symbol !== undefined) return { path: `${path}[${String(symbol)}]`, reason: 'has a symbol as its name' }
  return firstFault(Object.entries(value).values(), ([key, item]) => findFault(item, path + property(key), above))
}

function firstFault<Item>(items: Iterable<Item>, look: (item: Item) => Fault | undefined): Fault | undefined {
  for (const item of items) {
    const fault = look(item)
    if (fault !== undefined) return fault
  }
  return undefined
}

function instanceFault(value: object, path: string): Fault {
  const name: unknown = value.constructor?.name
  return { path, reason: `is an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}` }
}

function property(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function shown(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : typeof key === 'object' ? '…' : String(key)
}
