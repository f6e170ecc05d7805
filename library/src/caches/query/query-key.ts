import type { KeyPart } from '../../base/key.ts'
import { RepriseError } from '../../base/reprise-error.ts'

const deepest = 12

/**
 * The key of a call: the query's name and the arguments. Plain data alone can be told apart for sure: texts, numbers,
 * booleans, bigints, null, undefined, dates, byte arrays, and lists and objects of these, whose fields count in any order.
 * Arguments that are left out at the end count as undefined.
 * @throws RepriseError `invalid_key`, naming the argument
 */
export function queryKey(name: string, args: readonly unknown[]): readonly KeyPart[] {
  const last = args.findLastIndex(arg => arg !== undefined)
  return [name, ...args.slice(0, last + 1).map((arg, index) => partOf(arg, `argument ${index + 1} of ${name}`, 0))]
}

function partOf(value: unknown, where: string, depth: number): KeyPart {
  switch (typeof value) {
    case 'string':
    case 'bigint':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : ['number', String(value)]
    case 'undefined':
      return ['undefined']
    case 'object':
      if (value === null) return ['null']
      if (depth >= deepest) throw unusable(where, `nested deeper than ${deepest} levels`)
      return objectPart(value, where, depth + 1)
    default:
      throw unusable(where, `a ${typeof value}`)
  }
}

/** Lists too bear a word in front, so that no list of texts is taken for something else. */
function objectPart(value: object, where: string, depth: number): KeyPart {
  if (Array.isArray(value)) {
    return ['list', ...value.map((item, index) => partOf(item, `${where}[${index}]`, depth))]
  }
  if (value instanceof Date) return ['date', String(value.getTime())]
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('base64')]
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw unusable(where, `an instance of ${value.constructor?.name || 'a class'}`)
  }
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return ['object', ...fields.flatMap(([field, inner]) => [field, partOf(inner, `${where}.${field}`, depth)])]
}

function unusable(where: string, kind: string): RepriseError {
  return new RepriseError(
    'invalid_key',
    `${where} is ${kind}, which makes no key. Keys are made of plain data; give the option key: (...args) => […] to leave it out.`,
    { field: where },
  )
}
