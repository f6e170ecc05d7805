import { RepriseError } from './reprise-error.ts'

/** An instant in UTC as ISO 8601 text with three or six digits of a second: `2026-01-31T12:00:00.250Z`. */
export type Instant = string & { readonly brand: 'Instant' }

const isoPattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:([Zz])|([+-])(\d{2}):?(\d{2}))?)?$/

/** The instant of a clock's reading. */
export function instantOf(nowMs: number): Instant {
  return new Date(nowMs).toISOString() as Instant
}

/**
 * Reads an ISO 8601 instant. A text without an offset counts as UTC; digits of a second past the sixth are cut off,
 * because PostgreSQL keeps microseconds.
 * @throws RepriseError `invalid_timestamp` for anything that is no instant of the calendar, such as 30 February
 * @example parseInstant('2026-01-31T13:00:00+01:00') // '2026-01-31T12:00:00.000Z'
 */
export function parseInstant(text: string, field = 'timestamp'): Instant {
  const match = isoPattern.exec(text)
  const parts = match?.slice(1, 7).map(part => Number(part ?? 0))
  if (match === null || parts === undefined) throw unreadable(field, 'is not ISO 8601')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  if (year < 1) throw unreadable(field, 'names the year 0')
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day)
    throw unreadable(field, 'names a day that no month has')
  if (hour > 23 || minute > 59 || second > 59)
    throw unreadable(field, 'names an hour, minute or second that no day has')
  const fraction = (match[7] ?? '').slice(0, 6).padEnd(6, '0')
  date.setUTCHours(hour, minute, second, 0)
  const instantMs = date.getTime() - offsetMs(match[9], match[10], match[11], field)
  const whole = new Date(instantMs)
  if (whole.getUTCFullYear() < 1 || whole.getUTCFullYear() > 9999)
    throw unreadable(field, 'lies outside the years 1 to 9999')
  const digits = fraction.endsWith('000') ? fraction.slice(0, 3) : fraction
  return whole.toISOString().replace('.000Z', `.${digits}Z`) as Instant
}

function offsetMs(
  sign: string | undefined,
  hours: string | undefined,
  minutes: string | undefined,
  field: string,
): number {
  if (sign === undefined) return 0
  const [offsetHours, offsetMinutes] = [Number(hours), Number(minutes)]
  if (offsetHours > 23 || offsetMinutes > 59) throw unreadable(field, 'has an offset that no zone has')
  return (sign === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000
}

function unreadable(field: string, reason: string): RepriseError {
  return new RepriseError(
    'invalid_timestamp',
    `${field} ${reason}. Send an instant such as 2026-01-31T12:00:00Z, or leave it out and the server's clock is used.`,
    { field },
  )
}
