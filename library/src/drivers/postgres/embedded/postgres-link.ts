import { Worker } from 'node:worker_threads'
import { messageOf } from '../../../base/reprise-error.ts'
import { TransientMap } from '../../../base/transient-map.ts'
import { StatementError } from '../statement-error.ts'
import { encodeValue } from './encode-value.ts'
import type { Answer, ThreadReply, ThreadRequest, ThreadSettings } from './thread/thread-messages.ts'

/** PostgreSQL's thread ended before it answered. */
export class ThreadDied extends Error {}

type WithoutId<Request> = Request extends unknown ? Omit<Request, 'id'> : never

interface Asked {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: Error) => void
}

/** `.ts` while the sources run as they are, `.js` in the package: this module's own ending. */
const threadUrl = new URL(`./thread/postgres-thread${/\.[^.]+$/.exec(import.meta.url)?.[0] ?? '.js'}`, import.meta.url)
/** So much that PostgreSQL's own limit (2 MB of its stack) refuses a deep statement before the thread overflows. */
const stackSizeMb = 16
const noAnswer: Answer = { columns: [], rows: [], rowCount: 0, command: '' }

/** A running PostgreSQL in its thread, until it is closed or dies. Answers come in the order of the requests. */
export class PostgresLink {
  readonly #thread: Worker
  readonly #asked = new TransientMap<number, Asked>()
  readonly #started = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()
  #lastId = 0
  #reason = 'the thread ended'
  #isAlive = true

  private constructor(settings: ThreadSettings) {
    this.#thread = new Worker(threadUrl, {
      name: 'postgresql',
      workerData: settings,
      execArgv: [],
      resourceLimits: { stackSizeMb },
    })
    this.#thread.on('message', (reply: ThreadReply) => this.#receive(reply))
    this.#thread.on('messageerror', () => void this.#thread.terminate())
    this.#thread.on('error', error => {
      this.#reason = messageOf(error)
    })
    this.#thread.on('exit', () => this.#end())
  }

  /** @throws ThreadDied with the reason, when PostgreSQL cannot start */
  static async start(settings: ThreadSettings): Promise<PostgresLink> {
    const link = new PostgresLink(settings)
    await link.#started.promise
    return link
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** @throws StatementError when PostgreSQL refuses, ThreadDied when it ends before it answers */
  async statement(text: string, values: readonly unknown[]): Promise<Answer> {
    return this.#ask({ kind: 'statement', text, values: values.map(encodeValue) })
  }

  /** Several statements without values; the answer is that of the last. */
  async script(sql: string): Promise<Answer> {
    return this.#ask({ kind: 'script', sql })
  }

  /** Shuts PostgreSQL down after what was asked before, and resolves when its thread has ended. */
  async close(): Promise<void> {
    if (this.#isAlive) await this.#ask({ kind: 'close' })
    await this.#ended.promise
  }

  #ask(request: WithoutId<ThreadRequest>): Promise<Answer> {
    if (!this.#isAlive) return Promise.reject(new ThreadDied(this.#reason))
    const id = ++this.#lastId
    const asked = Promise.withResolvers<Answer>()
    this.#asked.set(id, asked)
    this.#thread.postMessage({ ...request, id })
    return asked.promise
  }

  #receive(reply: ThreadReply): void {
    if (reply.kind === 'ready') this.#started.resolve()
    else if (reply.kind === 'broken') this.#reason = reply.reason
    else this.#settle(reply)
  }

  #settle(reply: Extract<ThreadReply, { id: number }>): void {
    const asked = this.#asked.get(reply.id)
    this.#asked.delete(reply.id)
    if (reply.kind === 'refusal') asked?.reject(new StatementError(reply.refusal))
    else asked?.resolve(reply.kind === 'answer' ? reply.answer : noAnswer)
  }

  #end(): void {
    this.#isAlive = false
    const died = new ThreadDied(this.#reason)
    this.#started.reject(died)
    for (const { reject } of this.#asked.values()) reject(died)
    this.#ended.resolve()
  }
}
