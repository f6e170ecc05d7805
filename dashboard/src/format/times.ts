/** 0.07 ms, 12 ms, 1.8 s: how long something took. */
export function milliseconds(value: number | null): string {
  if (value === null) return '–'
  if (value < 10) return `${Number(value.toPrecision(2))} ms`
  if (value < 1_000) return `${Math.round(value)} ms`
  if (value < 100_000) return `${Number((value / 1_000).toPrecision(2))} s`
  return duration(value)
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
]

/** `2 h 14 min`: the two largest units. */
export function duration(ms: number): string {
  const first = units.findIndex(unit => ms >= unit.ms)
  if (first < 0) return `${Math.round(ms)} ms`
  const [large, small] = units.slice(first, first + 2)
  if (large === undefined) return ''
  const wholes = Math.floor(ms / large.ms)
  const rest = small === undefined ? 0 : Math.floor((ms % large.ms) / small.ms)
  return rest === 0 || small === undefined ? `${wholes} ${large.name}` : `${wholes} ${large.name} ${rest} ${small.name}`
}

/** `3 min ago` */
export function ago(instant: string, now: number): string {
  const ms = now - Date.parse(instant)
  if (ms < 10_000) return 'just now'
  const unit = units.find(each => ms >= each.ms)
  return unit === undefined ? 'just now' : `${Math.floor(ms / unit.ms)} ${unit.name} ago`
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const monthName = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' })

/** 14:05, in the reader's own zone. */
export const timeOfDay = (atMs: number): string => clockTime.format(atMs)
export const timeOfDaySeconds = (atMs: number): string => clockSeconds.format(atMs)
/** 20 Nov, 14:05 */
export const dayTime = (instant: string): string => dayAndTime.format(Date.parse(instant))
/** November 2026, of the first day of a UTC month. */
export const month = (firstDay: string): string => monthName.format(Date.parse(`${firstDay}T00:00:00Z`))
