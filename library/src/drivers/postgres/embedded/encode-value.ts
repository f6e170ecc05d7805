import type { WireValue } from './thread/thread-messages.ts'

/**
 * Writes a JavaScript value as a parameter, by the same rules as `pg`: an array becomes a PostgreSQL array, any other
 * object JSON.
 */
export function encodeValue(value: unknown): WireValue {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value)) return encodeArray(value)
  return encodeScalar(value)
}

function encodeArray(items: readonly unknown[]): string {
  return `{${items.map(encodeItem).join(',')}}`
}

function encodeItem(item: unknown): string {
  if (item === null || item === undefined) return 'NULL'
  if (Array.isArray(item)) return encodeArray(item)
  if (item instanceof Uint8Array) return `"\\\\x${Buffer.from(item).toString('hex')}"`
  return `"${encodeScalar(item).replace(/["\\]/g, '\\$&')}"`
}

function encodeScalar(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}
