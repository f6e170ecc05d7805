const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
const oneDecimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** 1,234 */
export const count = (value: number): string => whole.format(value)

/** 1.2M from a hundred thousand on: what stands in a tile must fit it. */
export const shortCount = (value: number): string => (value < 100_000 ? whole.format(value) : short.format(value))

/** 63.4 % */
export const percent = (value: number): string => `${oneDecimal.format(value)} %`

/** $12.34; small sums to two digits that say something. */
export function dollars(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '$0'
  if (size < 0.000_1) return value < 0 ? '−$0.0001' : '< $0.0001'
  const digits = size >= 1_000 ? 0 : size >= 1 ? 2 : size >= 0.01 ? 3 : 5
  const text = new Intl.NumberFormat('en', {
    maximumFractionDigits: digits,
    minimumFractionDigits: Math.min(2, digits),
  })
  return `${value < 0 ? '−' : ''}$${text.format(size)}`
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB']

/** 12.3 MB */
export function bytes(value: number): string {
  const step = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), byteUnits.length - 1)
  return `${oneDecimal.format(value / 1_000 ** step)} ${byteUnits[step]}`
}

/** `1 entry`, `2 entries`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
