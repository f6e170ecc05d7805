import type { Announcer } from '../../../base/announcer.ts'
import type { Clock } from '../../../base/clock.ts'
import { messageOf, RepriseError } from '../../../base/reprise-error.ts'
import type { DatabaseEvents, StatementLabels } from '../database.ts'
import { type Risk, translate, unavailable } from './embedded-errors.ts'
import { PostgresLink, ThreadDied } from './postgres-link.ts'
import type { Answer } from './thread/thread-messages.ts'
import { Turns } from './turns.ts'

export interface EmbeddedConnectionOptions {
  readonly dataDirectory: string
  readonly announcer: Announcer<DatabaseEvents> | undefined
  readonly clock: Clock
  readonly maxWaiting: number
}

export interface Exchange {
  readonly text: string
  /** Without values the text may hold several statements. */
  readonly values?: readonly unknown[]
  readonly risk: Risk
  /** How the statement is announced; without them it is not. */
  readonly labels?: StatementLabels
}

/** Sends a statement over the connection that one has. */
export type Send = (exchange: Exchange) => Promise<Answer>

/** The one connection: whose turn it is, and the thread behind it, started anew when it has died. */
export class EmbeddedConnection {
  readonly #options: EmbeddedConnectionOptions
  readonly #turns: Turns
  #link: PostgresLink | undefined
  #closed: Promise<void> | undefined

  constructor(options: EmbeddedConnectionOptions) {
    this.#options = options
    this.#turns = new Turns(options.maxWaiting)
  }

  /** Has the connection for itself while `work` lasts. */
  async take<Result>(work: (send: Send, isAlive: () => boolean) => Promise<Result>): Promise<Result> {
    if (this.#closed !== undefined) throw unavailable('it was closed')
    return this.#turns.take(async () => {
      this.#announceAvailable(0)
      let isMine = true
      try {
        const link = await this.#startedLink()
        const send: Send = exchange => (isMine ? this.#send(link, exchange) : Promise.reject(tooLate()))
        return await work(send, () => link.isAlive)
      } finally {
        isMine = false
        this.#announceAvailable(1)
      }
    })
  }

  /**
   * Lets those who wait finish, refuses newcomers, writes a checkpoint and shuts PostgreSQL down.
   * @throws RepriseError `database_unavailable` when it died instead; the next start reads its log
   */
  close(): Promise<void> {
    const shutDown = async () =>
      this.#link?.close().catch(error => {
        throw translate(error, 'nothing_stored')
      })
    this.#closed ??= this.#turns.take(shutDown, Number.POSITIVE_INFINITY)
    return this.#closed
  }

  async #startedLink(): Promise<PostgresLink> {
    if (this.#link?.isAlive) return this.#link
    try {
      this.#link = await PostgresLink.start({ dataDirectory: this.#options.dataDirectory })
      return this.#link
    } catch (cause) {
      const error = unavailable(`PostgreSQL did not start: ${messageOf(cause)}`, cause)
      this.#turns.refuseWaiting(error)
      throw error
    }
  }

  async #send(link: PostgresLink, { text, values, risk, labels }: Exchange): Promise<Answer> {
    const startedMs = this.#options.clock.monotonicMs()
    const announce = (ended: Pick<DatabaseEvents['query'], 'failed' | 'error' | 'rows'>) => {
      if (labels === undefined) return
      const durationMs = this.#options.clock.monotonicMs() - startedMs
      this.#options.announcer?.announce('query', { labels, durationMs, text, ...ended })
    }
    try {
      const answer = await (values === undefined ? link.script(text) : link.statement(text, values))
      announce({ failed: false, rows: answer.rowCount })
      return answer
    } catch (thrown) {
      if (thrown instanceof ThreadDied) this.#turns.refuseWaiting(unavailable(thrown.message, thrown))
      const error = translate(thrown, risk)
      announce({ failed: true, error })
      throw error
    }
  }

  #announceAvailable(available: number): void {
    this.#options.announcer?.announce('pool', { pool: 'embedded', size: 1, available })
  }
}

function tooLate(): RepriseError {
  return new RepriseError(
    'internal_error',
    'A statement came after its transaction had ended; await every statement inside the work.',
  )
}
