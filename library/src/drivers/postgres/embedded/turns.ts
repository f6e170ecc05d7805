import { RepriseError } from '../../../base/reprise-error.ts'

interface Waiting {
  readonly start: () => void
  readonly refuse: (error: unknown) => void
}

/** One at a time, in the order of arrival. Past `maxWaiting` a newcomer is refused with `overloaded`. */
export class Turns {
  readonly #maxWaiting: number
  #waiting: Waiting[] = []
  #isTaken = false

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting
  }

  /** Carries out `work` when its turn comes. */
  async take<Result>(work: () => Promise<Result>, maxWaiting = this.#maxWaiting): Promise<Result> {
    await this.#wait(maxWaiting)
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Refuses all who wait; whoever has its turn goes on. */
  refuseWaiting(error: unknown): void {
    const refused = this.#waiting
    this.#waiting = []
    for (const { refuse } of refused) refuse(error)
  }

  async #wait(maxWaiting: number): Promise<void> {
    if (!this.#isTaken) {
      this.#isTaken = true
      return
    }
    if (this.#waiting.length >= maxWaiting) {
      throw new RepriseError('overloaded', `${maxWaiting} callers wait for the embedded database already.`, {
        retryAfterSeconds: 1,
      })
    }
    await new Promise<void>((start, refuse) => this.#waiting.push({ start, refuse }))
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#isTaken = false
    else next.start()
  }
}
