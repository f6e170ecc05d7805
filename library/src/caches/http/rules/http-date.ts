const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const current = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/
/** `Sun Nov  6 08:49:37 1994` */
const asctime = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/**
 * Reads a date of HTTP in its three formats (RFC 9110 5.6.7), letters of either case. Undefined for anything else: such a
 * date is as good as none, and an `Expires` like that has passed.
 * @param now what a year of two digits is read by: never more than fifty years ahead
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const lower = text.trim().toLowerCase()
  const long = current.exec(lower)
  if (long !== null) return instantOf(long[3], long[2], long[1], long.slice(4))
  const short = rfc850.exec(lower)
  if (short !== null) return instantOf(String(fullYear(Number(short[3]), now)), short[2], short[1], short.slice(4))
  const old = asctime.exec(lower)
  return old === null ? undefined : instantOf(old[6], old[1], old[2], old.slice(3, 6))
}

/** An instant as HTTP writes it. */
export function httpDate(instant: number): string {
  return new Date(instant).toUTCString()
}

function instantOf(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  time: readonly string[],
): number | undefined {
  const monthIndex = months.indexOf(month ?? '')
  const [hours = 0, minutes = 0, seconds = 0] = time.map(Number)
  if (monthIndex < 0 || hours > 23 || minutes > 59 || seconds > 60) return undefined
  const instant = Date.UTC(Number(year), monthIndex, Number(day), hours, minutes, seconds)
  return new Date(instant).getUTCDate() === Number(day) || seconds === 60 ? instant : undefined
}

function fullYear(short: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear()
  const year = Math.floor(thisYear / 100) * 100 + short
  return year > thisYear + 50 ? year - 100 : year
}
