/** The middle of some figures: what one odd round cannot move. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  return (lower + upper) / 2
}

/**
 * Runs every contender once a round, in turn, so that a machine that slows down slows all of them; each round begins
 * with another one.
 */
export async function alternate<Name extends string, Figures>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<Figures>>>,
): Promise<Readonly<Record<Name, readonly Figures[]>>> {
  const names = Object.keys(contenders) as Name[]
  const results = Object.fromEntries(names.map(name => [name, [] as Figures[]])) as Record<Name, Figures[]>
  for (let round = 0; round < rounds; round += 1) {
    for (const [turn] of names.entries()) {
      const name = names[(turn + round) % names.length] as Name
      results[name].push(await contenders[name]())
    }
  }
  return results
}

/** The median of each figure over the rounds. */
export function medians<Field extends string>(
  rounds: readonly Readonly<Record<Field, number>>[],
): Readonly<Record<Field, number>> {
  const fields = Object.keys(rounds[0] ?? {}) as Field[]
  const entries = fields.map(field => [field, median(rounds.map(round => round[field]))])
  return Object.fromEntries(entries) as Record<Field, number>
}
