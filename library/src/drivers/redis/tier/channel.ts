import type { BusEvent } from '../../../ports/bus.ts'

export type BusListener = (event: BusEvent) => void

/**
 * One channel as this process hears it: who listens, and the number of the last message. Messages carry numbers that
 * follow each other; whatever does not follow is a loss.
 */
export interface Channel {
  readonly key: string
  readonly isHearing: boolean
  /** The number of the last message, or what the server said it was; undefined while nothing is known. */
  readonly lastNumber: number | undefined
  readonly listeners: number
  /** Returns a function that ends it. */
  add(listener: BusListener): () => void
  /** A message as it came from Redis. */
  take(wire: string): void
  /** From now on all messages are heard; the last one had this number at least. */
  startHearing(lastNumber: number): void
  stopHearing(reason: Error): void
}

export function channel(key: string): Channel {
  const listeners = new Set<BusListener>()
  let hearing = false
  let deafReason: Error | undefined
  let last: number | undefined

  function tell(event: BusEvent): void {
    for (const listener of [...listeners]) tellOne(listener, event)
  }

  function tellOne(listener: BusListener, event: BusEvent): void {
    if (!listeners.has(listener)) return
    try {
      listener(event)
    } catch {
      // A listener's failure is its own; the others are told all the same.
    }
  }

  return {
    key,
    get isHearing() {
      return hearing
    },
    get lastNumber() {
      return last
    },
    get listeners() {
      return listeners.size
    },
    add: given => {
      // The same function may listen twice.
      const listener: BusListener = event => given(event)
      listeners.add(listener)
      const [begunHearing, begunDeaf] = [hearing, deafReason]
      queueMicrotask(() => {
        if (begunHearing && hearing) tellOne(listener, { kind: 'listening' })
        else if (begunDeaf !== undefined && deafReason !== undefined) {
          tellOne(listener, { kind: 'deaf', reason: deafReason })
        }
      })
      return () => void listeners.delete(listener)
    },
    take: wire => {
      const cut = wire.indexOf(':')
      const number = Number(wire.slice(0, cut))
      if (cut < 1 || !Number.isSafeInteger(number)) return
      const expected = last === undefined ? number : last + 1
      last = number
      if (!hearing) return
      if (number !== expected) {
        tell({ kind: 'deaf', reason: new Error(`Message ${expected} was followed by ${number}.`) })
        tell({ kind: 'listening' })
      }
      tell({ kind: 'message', text: wire.slice(cut + 1) })
    },
    startHearing: lastNumber => {
      last = Math.max(last ?? lastNumber, lastNumber)
      deafReason = undefined
      hearing = true
      tell({ kind: 'listening' })
    },
    stopHearing: reason => {
      last = undefined
      // Repeated failures to hear are told once.
      const news = hearing || deafReason === undefined
      deafReason = reason
      hearing = false
      if (news) tell({ kind: 'deaf', reason })
    },
  }
}
