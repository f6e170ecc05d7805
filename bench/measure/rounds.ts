/** The middle of some figures: what one odd round cannot move. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  return (lower + upper) / 2
}

/**
 * Runs every contender once a round, so that a machine that slows down slows all of them; each round begins with another
 * one. What they find they keep themselves.
 */
export async function inTurn(rounds: number, contenders: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
    for (const [turn] of contenders.entries()) await contenders[(turn + round) % contenders.length]?.()
  }
}

/** The median of each figure over the rounds. */
export function medians<Field extends string>(
  rounds: readonly Readonly<Record<Field, number>>[],
): Readonly<Record<Field, number>> {
  const fields = Object.keys(rounds[0] ?? {}) as Field[]
  const entries = fields.map(field => [field, median(rounds.map(round => round[field]))])
  // Each field of the rounds has its entry.
  return Object.fromEntries(entries) as Record<Field, number>
}
