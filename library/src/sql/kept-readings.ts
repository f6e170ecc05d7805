import type { StatementReading } from './statement.ts'

/** So many readings a generation; two are kept. A program has few texts, with other parameters each time. */
const mostKept = 1_000
/** Longer texts are read anew each time: bulk inserts, which do not come again. */
const longestKept = 10_000

/**
 * Readings by their text. Past a bound the older generation goes, without what was asked for since: nearly the ones used
 * longest ago, at the price of a look into a map.
 */
export class KeptReadings {
  #young = new Map<string, StatementReading>()
  #old = new Map<string, StatementReading>()

  get(text: string): StatementReading | undefined {
    const young = this.#young.get(text)
    if (young !== undefined) return young
    const old = this.#old.get(text)
    if (old !== undefined) this.set(text, old)
    return old
  }

  set(text: string, reading: StatementReading): void {
    if (text.length > longestKept) return
    if (this.#young.size >= mostKept) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, reading)
  }
}
