/**
 * JSON with the keys of all objects in order, so that equal data is equal text; undefined where the data holds something
 * that JSON does not carry, such as a function. AbortSignals are left out: they say when, not what.
 */
export function canonicalJson(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : undefined
  if (Array.isArray(value)) return joined(value.map(canonicalJson), '[', ']')
  if (typeof value !== 'object' || !isPlain(value)) return undefined
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined && !(member instanceof AbortSignal))
    .sort(([one], [other]) => (one < other ? -1 : 1))
  return joined(
    members.map(([name, member]) => {
      const json = canonicalJson(member)
      return json === undefined ? undefined : `${JSON.stringify(name)}:${json}`
    }),
    '{',
    '}',
  )
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(',')}${close}`
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
