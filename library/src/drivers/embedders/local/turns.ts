import type { Clock } from '../../../base/clock.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Embedding } from '../../../ports/embedder.ts'
import type { ModelLink } from './model-link.ts'
import type { WorkBudget } from './work-budget.ts'

export interface TurnsParts {
  /** Starts the model's thread. */
  readonly openLink: () => ModelLink
  readonly budget: WorkBudget
  readonly unloadAfterMs: number
  readonly clock: Clock
}

/** Texts of one call, which takes turns with other calls. */
interface Call {
  readonly texts: readonly string[]
  readonly embeddings: Embedding[]
  readonly isPrompt: boolean
  readonly settled: PromiseWithResolvers<readonly Embedding[]>
}

/** Gives the model one text after another, a text of each call in turn, at the pace of its budget. */
export class Turns {
  readonly #parts: TurnsParts
  readonly #calls: Call[] = []
  #link: ModelLink | undefined
  #isWorking = false
  #resting = new AbortController()
  #idle = new AbortController()
  #isClosed = false

  constructor(parts: TurnsParts) {
    this.#parts = parts
  }

  async embed(texts: readonly string[], isPrompt: boolean, signal: AbortSignal): Promise<readonly Embedding[]> {
    if (signal.aborted || this.#isClosed) throw calledOff()
    if (texts.length === 0) return []
    const call: Call = { texts, embeddings: [], isPrompt, settled: Promise.withResolvers() }
    const leave = () => this.#leave(call)
    signal.addEventListener('abort', leave, { once: true })
    this.#calls.push(call)
    if (isPrompt) this.#resting.abort()
    void this.#work()
    try {
      return await call.settled.promise
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const call of [...this.#calls]) this.#leave(call)
    this.#resting.abort()
    this.#idle.abort()
    await this.#link?.close()
  }

  /** Runs once at a time, until no call is left. */
  async #work(): Promise<void> {
    if (this.#isWorking) return
    this.#isWorking = true
    this.#idle.abort()
    this.#link?.stir()
    for (let call = await this.#next(); call !== undefined; call = await this.#next()) await this.#embedOne(call)
    this.#isWorking = false
    // One may have come since the last look.
    if (this.#calls.length > 0) return this.#work()
    this.#link?.rest()
    void this.#unloadWhenIdle()
  }

  /** The call whose turn it is, once the budget has something for it. */
  async #next(): Promise<Call | undefined> {
    while (this.#calls.length > 0) {
      const place = Math.max(
        0,
        this.#calls.findIndex(call => call.isPrompt),
      )
      const waitMs = this.#calls[place]?.isPrompt ? 0 : this.#parts.budget.waitMs()
      if (waitMs === 0) {
        const [call] = this.#calls.splice(place, 1)
        if (call !== undefined) this.#calls.push(call)
        return call
      }
      this.#resting = new AbortController()
      await this.#parts.clock.sleep(waitMs, this.#resting.signal)
    }
    return undefined
  }

  async #embedOne(call: Call): Promise<void> {
    if (this.#isClosed) return
    if (this.#link?.isAlive !== true) this.#link = this.#parts.openLink()
    const outcome = await this.#link.embed(call.texts[call.embeddings.length] ?? '')
    this.#parts.budget.spend(outcome.workMs)
    if (outcome.kind === 'failed') this.#settle(call, () => call.settled.reject(outcome.error))
    else {
      call.embeddings.push(outcome.embedding)
      if (call.embeddings.length === call.texts.length) this.#settle(call, () => call.settled.resolve(call.embeddings))
    }
  }

  #leave(call: Call): void {
    this.#settle(call, () => call.settled.reject(calledOff()))
  }

  #settle(call: Call, answer: () => void): void {
    const place = this.#calls.indexOf(call)
    if (place >= 0) this.#calls.splice(place, 1)
    answer()
  }

  async #unloadWhenIdle(): Promise<void> {
    const idle = new AbortController()
    this.#idle = idle
    await this.#parts.clock.sleep(this.#parts.unloadAfterMs, idle.signal)
    if (!idle.signal.aborted) await this.#link?.close()
  }
}

function calledOff(): RepriseError {
  return new RepriseError('embedding_failed', 'Embedding was called off.')
}
