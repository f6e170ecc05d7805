import { threadNsEach } from '../measure/thread-time.ts'

/** One way of doing the same. */
export interface Contender {
  readonly name: string
  /** Does it so many times, one after another. */
  readonly run: (times: number) => Promise<void>
}

export interface Contenders {
  readonly all: readonly Contender[]
  readonly close: () => Promise<unknown>
}

/** What one time costs, over all turns. */
export interface Cost {
  readonly name: string
  /** CPU time of this thread. */
  readonly cpuNs: number
  readonly wallNs: number
}

/**
 * Contenders take turns of some milliseconds, so that whatever the machine does meets all of them alike. Their turns are
 * added up: the system counts CPU time in steps that a single turn is not much longer than.
 */
export async function alternate(
  { all, close }: Contenders,
  turns: number,
  timesPerTurn: number,
): Promise<readonly Cost[]> {
  const sums = all.map(() => ({ cpuNs: 0, wallNs: 0 }))
  for (const { run } of all) await run(timesPerTurn * 2)
  for (let turn = 0; turn < turns; turn += 1) {
    for (const place of all.keys()) {
      const index = (place + turn) % all.length
      const [contender, sum] = [all[index], sums[index]]
      if (contender === undefined || sum === undefined) continue
      const startedMs = performance.now()
      sum.cpuNs += await threadNsEach(timesPerTurn * turns, () => contender.run(timesPerTurn))
      sum.wallNs += ((performance.now() - startedMs) * 1e6) / (timesPerTurn * turns)
    }
  }
  await close()
  return all.map(({ name }, index) => ({ name, ...(sums[index] ?? { cpuNs: Number.NaN, wallNs: Number.NaN }) }))
}
