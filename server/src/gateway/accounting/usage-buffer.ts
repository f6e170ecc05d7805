import type { Account, ModelUsage, UsageCounts } from 'reprise'
import { addUse, type Counts, noUse } from './usage-counts.ts'

interface Kept {
  readonly account: Account
  readonly month: string
  readonly model: string
  readonly counts: Counts
}

/** What goes to the database in one statement. Once sealed it does not change, so that it can be tried again as it was. */
interface Sealed {
  readonly number: number
  readonly items: readonly ModelUsage[]
}

/** How many accounts, months and models are told apart between two flushes; what comes past it is dropped. */
const mostItems = 20_000
/** A model's name comes from callers. */
const longestModel = 200
/** Names that are stored as they are. */
const plain = /^[ -~]{0,200}$/

/** The use that the database has not taken yet. */
export class UsageBuffer {
  readonly #open = new Map<string, Kept>()
  #sealed: Sealed | undefined
  #lastNumber = 0
  /** The month of the hour that was counted in last. */
  #hour = -1
  #month = ''

  get isEmpty(): boolean {
    return this.#open.size === 0 && this.#sealed === undefined
  }

  /** Adds one use; false when there is no room for one more account or model. */
  add(account: Account, nowMs: number, model: string, use: Partial<UsageCounts>): boolean {
    const month = this.#monthOf(nowMs)
    const name = plain.test(model) ? model : storable(model)
    const key = `${account.tier}\u0000${account.id}\u0000${month}\u0000${name}`
    const known = this.#open.get(key)
    if (known === undefined) {
      if (this.#open.size >= mostItems) return false
      this.#open.set(key, { account, month, model: name, counts: { ...noUse, ...use } })
    } else addUse(known.counts, use)
    return true
  }

  /** The next flush: the one that was sealed before and not settled, or all that was added since; undefined for none. */
  seal(): Sealed | undefined {
    if (this.#sealed === undefined && this.#open.size > 0) {
      const items = [...this.#open.values()].map(({ counts, ...named }) => ({ ...named, ...counts }))
      this.#open.clear()
      this.#lastNumber += 1
      this.#sealed = { number: this.#lastNumber, items }
    }
    return this.#sealed
  }

  /** The database has taken this flush. */
  settle(number: number): void {
    if (this.#sealed?.number === number) this.#sealed = undefined
  }

  #monthOf(nowMs: number): string {
    const hour = Math.floor(nowMs / 3_600_000)
    if (hour !== this.#hour) {
      this.#hour = hour
      this.#month = `${new Date(nowMs).toISOString().slice(0, 7)}-01`
    }
    return this.#month
  }
}

function storable(model: string): string {
  return model.slice(0, longestModel).replaceAll('\u0000', '').toWellFormed()
}
