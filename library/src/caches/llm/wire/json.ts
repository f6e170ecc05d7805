/** A JSON object as it was parsed. */
export type JsonObject = Record<string, unknown>

/** Number literals that a double may not hold: long, whole or not. */
const longNumber = /[\d.]{16}/

// ECMAScript's JSON.parse source text access, which TypeScript's library of this target does not describe.
const sourceAccess = JSON as unknown as {
  readonly parse: (
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ) => unknown
  readonly rawJSON: (text: string) => object
  readonly isRawJSON: (value: unknown) => boolean
}

/**
 * As `JSON.parse`, but numbers that would lose digits stay what was written when they are written again.
 * @throws SyntaxError
 */
export function parseExactly(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text)
  return sourceAccess.parse(text, (_, value, { source }) => {
    if (typeof value !== 'number' || source === undefined || source.length < 16) return value
    return String(value) === source ? value : sourceAccess.rawJSON(source)
  })
}

/** As `parseExactly`; undefined where the text is no JSON. No JSON is undefined. */
export function tryParse(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !sourceAccess.isRawJSON(value)
}

/** The objects of a list; none where there is no list. */
export function objectsIn(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function textIn(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}

export function countIn(object: JsonObject, name: string): number {
  const value = object[name]
  return typeof value === 'number' ? value : 0
}

/** Sets a member whatever its name: `__proto__` is one like all others. */
export function setMember(object: JsonObject, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}
