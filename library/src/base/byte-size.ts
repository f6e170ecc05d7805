import { RepriseError } from './reprise-error.ts'

/** An amount of bytes: a number, or text such as `"256mb"`; a kilobyte counts 1024 bytes. */
export type ByteSize = number | string

const unitBytes: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4 }
const pattern = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb|tb)$/

/**
 * Reads an amount of bytes, 1 or more.
 * @throws RepriseError `invalid_option`
 * @example parseByteSize('256mb', 'maxBytes') // 268435456
 */
export function parseByteSize(value: unknown, field: string): number {
  const bytes = typeof value === 'string' ? readText(value) : value
  if (typeof bytes === 'number' && bytes >= 1 && bytes <= Number.MAX_SAFE_INTEGER) return Math.floor(bytes)
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 50)) : String(value)
  throw new RepriseError(
    'invalid_option',
    `${field} is ${shown}, but a number of bytes, 1 or more, or text such as "256mb" is expected.`,
    { field },
  )
}

function readText(text: string): number | undefined {
  const [, amount, unit = ''] = pattern.exec(text.trim().toLowerCase()) ?? []
  return amount === undefined ? undefined : Number(amount) * (unitBytes[unit] ?? Number.NaN)
}
