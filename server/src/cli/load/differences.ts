import type { FileMessage } from './conversation-file.ts'

export interface StoredMessage {
  readonly role: string
  readonly content: string
  readonly timestamp: string
}

/** How what is stored differs from what was sent, in messages. */
export interface Differences {
  /** Sent, and not there. */
  readonly lost: number
  /** There more often than sent. */
  readonly doubled: number
  /** There, but not where it was sent. */
  readonly outOfOrder: number
  /** Something else stands where it should. */
  readonly altered: number
  /** Never sent from this file. */
  readonly foreign: number
}

export const noDifferences: Differences = { lost: 0, doubled: 0, outOfOrder: 0, altered: 0, foreign: 0 }

export function addDifferences(left: Differences, right: Differences): Differences {
  return {
    lost: left.lost + right.lost,
    doubled: left.doubled + right.doubled,
    outOfOrder: left.outOfOrder + right.outOfOrder,
    altered: left.altered + right.altered,
    foreign: left.foreign + right.foreign,
  }
}

/**
 * Compares a conversation as sent with the same as read. Real conversations repeat themselves ("Yes, please."), so
 * messages are counted, not looked up: the n-th of equal messages stands for the n-th sent.
 */
export function differences(sent: readonly FileMessage[], read: readonly StoredMessage[]): Differences {
  const places = new Map<string, number[]>()
  sent.forEach((message, index) => {
    const face = faceOf(message, message.timestamp)
    const known = places.get(face)
    if (known === undefined) places.set(face, [index])
    else known.push(index)
  })
  // Whether a time was given may differ from message to message: a stored one is looked for with its time, then without.
  const taken = new Map<string, number>()
  const order: number[] = []
  let doubled = 0
  let unknown = 0
  for (const message of read) {
    const faces = [faceOf(message, message.timestamp), faceOf(message, undefined)].filter(face => places.has(face))
    const free = faces.find(face => (taken.get(face) ?? 0) < (places.get(face)?.length ?? 0))
    if (free === undefined) {
      if (faces.length > 0) doubled += 1
      else unknown += 1
      continue
    }
    const nth = taken.get(free) ?? 0
    taken.set(free, nth + 1)
    order.push(places.get(free)?.[nth] ?? 0)
  }
  const missing = sent.length - order.length
  const altered = Math.min(missing, unknown)
  return {
    lost: missing - altered,
    doubled,
    outOfOrder: order.length - longestRise(order),
    altered,
    foreign: unknown - altered,
  }
}

function faceOf(message: { readonly role: string; readonly content: string }, timestamp: string | undefined): string {
  return JSON.stringify([message.role, message.content, timestamp])
}

/** Length of the longest rising subsequence: what need not move for all to be in order. */
function longestRise(values: readonly number[]): number {
  const ends: number[] = []
  for (const value of values) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ends[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    ends[low] = value
  }
  return ends.length
}
