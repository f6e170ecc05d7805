/** Sends at once what need not wait, and everything in the order in which it came. */
export class SendingOrder {
  #last: Promise<unknown> | undefined

  /** What sending answers; a promise of it where something must be waited for first. */
  send<Sent>(wait: Promise<void> | undefined, send: () => Sent): Sent | Promise<Awaited<Sent>> {
    if (wait === undefined && this.#last === undefined) return send()
    const before = this.#last
    // What is waited for is of the cache; that it failed must not hinder the statement.
    const turn = Promise.allSettled([before, wait])
    const isSent = turn.then(() => {
      if (this.#last === isSent) this.#last = undefined
    })
    this.#last = isSent
    return turn.then(send) as Promise<Awaited<Sent>>
  }
}
