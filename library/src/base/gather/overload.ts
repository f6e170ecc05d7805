import type { Clock } from '../clock.ts'

export interface OverloadOptions {
  /**
   * So many may always be under way, waiting or running. Callers who ask again once they were answered are never more than
   * they are, however slow the machine; only who does not wait for answers makes a queue longer and longer.
   */
  readonly crowd: number
  readonly clock: Clock
  /** For how long the event loop has had nothing to do since the process began, in ms. Default: what Node.js measures. */
  readonly idleMs?: () => number
}

/** Whoever waits less does not stand in a queue worth the name. */
const targetMs = 25
/** A queue that has not grown shorter in this time stands. */
const standingMs = 75
const shorter = 0.9
/** Past this the queue stands, even while it grows shorter. */
const longestMs = 1_000
/** It is over when nobody had to be refused for so long. */
const calmMs = 500
/** With less of its time left than this share, a process has none to refuse with. */
const leastIdle = 0.25

/**
 * Notices that more comes than is done: not by how long a queue is, but by how long it stands, after CoDel (Nichols and
 * Jacobson, 2012, RFC 8289). A crowd that comes at once makes a long queue that grows shorter, and nobody is refused.
 * Nor is anybody while the process itself has no time left: to refuse costs half as much as to answer, so that hardly
 * anybody would be answered. Then requests wait in their sockets, which are as many as there are callers.
 */
export class Overload {
  readonly #options: OverloadOptions
  #isPresent = false
  /** How long the queue was when it was last seen to be no queue, or to have become shorter. */
  #since: { readonly atMs: number; readonly underWay: number } | undefined
  #refusedAt = 0
  /** When it was last seen how much time is left. */
  #lookedAtMs: number
  #idleMs: number
  #isBusy = false
  readonly #idle: () => number

  constructor(options: OverloadOptions) {
    this.#options = options
    this.#idle = options.idleMs ?? (() => performance.nodeTiming.idleTime)
    this.#lookedAtMs = options.clock.monotonicMs()
    this.#idleMs = this.#idle()
  }

  get isPresent(): boolean {
    return this.#isPresent
  }

  /**
   * Looks at the queue.
   * @param underWay how many wait or run
   * @param oldestAtMs since when its oldest waits, by the monotonic clock
   * @returns whether overload begins now
   */
  look(underWay: number, oldestAtMs: number): boolean {
    const now = this.#options.clock.monotonicMs()
    this.#lookAtLoop(now)
    if (this.#isPresent) {
      this.#isPresent = !this.#isBusy && now - this.#refusedAt < calmMs
      return false
    }
    if (underWay <= this.#options.crowd || now - oldestAtMs < targetMs) {
      this.#since = undefined
      return false
    }
    this.#since ??= { atMs: now, underWay }
    if (now - oldestAtMs <= longestMs) {
      if (this.#isBusy || now - this.#since.atMs < standingMs) return false
      if (underWay < this.#since.underWay * shorter) {
        this.#since = { atMs: now, underWay }
        return false
      }
    }
    this.#since = undefined
    this.#isPresent = true
    this.#refusedAt = now
    return true
  }

  #lookAtLoop(now: number): void {
    const passedMs = now - this.#lookedAtMs
    if (passedMs < standingMs) return
    const idleMs = this.#idle()
    this.#isBusy = idleMs - this.#idleMs < leastIdle * passedMs
    this.#lookedAtMs = now
    this.#idleMs = idleMs
  }

  /** Somebody is refused. */
  refuse(): void {
    this.#refusedAt = this.#options.clock.monotonicMs()
  }
}
