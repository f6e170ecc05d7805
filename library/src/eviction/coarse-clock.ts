import type { Clock } from '../base/clock.ts'

/** How many readings one look at the system's clock serves at most. */
const readingsPerLook = 64

/** The Date that was asked: tests put another in its place, whose time is another. */
let asked = Date
let seenAt = 0
let readingsLeft = 0
let timedAt = 0

/**
 * The system's clock, looked at seldom: asking the system may cost as much as reading the cache. What it says is at most
 * 64 readings old, and at most a millisecond and the turn of the event loop that is under way.
 */
export const coarseClock: Pick<Clock, 'now'> = {
  now() {
    if (readingsLeft > 0 && asked === Date) {
      readingsLeft -= 1
      return seenAt
    }
    asked = Date
    seenAt = Date.now()
    readingsLeft = readingsPerLook
    // One timer for each millisecond in which the clock was read; it keeps no process alive.
    if (timedAt !== seenAt) {
      timedAt = seenAt
      setTimeout(forget, 1).unref()
    }
    return seenAt
  },
}

function forget(): void {
  readingsLeft = 0
}
