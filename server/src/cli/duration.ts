const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** A length of time for people: `950 ms`, `2.5 s`, `3.1 h`; a dash where there is none. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–'
  const [unit, size] = units.find(([, each]) => Math.abs(ms) >= each) ?? ['ms', 1]
  return `${Number((ms / size).toFixed(ms / size < 10 ? 1 : 0))} ${unit}`
}
