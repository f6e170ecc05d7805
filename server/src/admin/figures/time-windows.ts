/** Counts over the last five minutes, the last hour, and since the start. */
export interface WindowCounts {
  readonly fiveMinutes: number
  readonly hour: number
  readonly all: number
}

/** How fine the last hour is counted. */
export const slotMs = 10_000
const slotsOfHour = 360
const slotsOfFiveMinutes = 30

/** Counts events by when they happened: one number for each ten seconds of the last hour. */
export class TimeWindows {
  readonly #slots = new Float64Array(slotsOfHour)
  readonly #now: () => number
  #latest: number
  #all = 0

  /** @param now the time in ms, from any origin */
  constructor(now: () => number) {
    this.#now = now
    this.#latest = Math.floor(now() / slotMs)
  }

  add(count = 1): void {
    const slot = this.#turn()
    this.#slots[slot % slotsOfHour] = (this.#slots[slot % slotsOfHour] ?? 0) + count
    this.#all += count
  }

  counts(): WindowCounts {
    const latest = this.#turn()
    let [fiveMinutes, hour] = [0, 0]
    for (let age = 0; age < slotsOfHour; age += 1) {
      const count = this.#slots[(((latest - age) % slotsOfHour) + slotsOfHour) % slotsOfHour] ?? 0
      hour += count
      if (age < slotsOfFiveMinutes) fiveMinutes += count
    }
    return { fiveMinutes, hour, all: this.#all }
  }

  /** The counts of the last hour, slot by slot; the last one is not over yet. */
  recent(): readonly number[] {
    const latest = this.#turn()
    return Array.from({ length: slotsOfHour }, (_, place) => {
      const slot = latest - slotsOfHour + 1 + place
      return this.#slots[((slot % slotsOfHour) + slotsOfHour) % slotsOfHour] ?? 0
    })
  }

  /** Empties the slots whose time came round again. */
  #turn(): number {
    const slot = Math.floor(this.#now() / slotMs)
    for (let next = Math.max(this.#latest + 1, slot - slotsOfHour + 1); next <= slot; next += 1)
      this.#slots[next % slotsOfHour] = 0
    this.#latest = Math.max(slot, this.#latest)
    return this.#latest
  }
}

export const noCounts: WindowCounts = { fiveMinutes: 0, hour: 0, all: 0 }

export function addCounts(one: WindowCounts, other: WindowCounts): WindowCounts {
  return {
    fiveMinutes: one.fiveMinutes + other.fiveMinutes,
    hour: one.hour + other.hour,
    all: one.all + other.all,
  }
}
