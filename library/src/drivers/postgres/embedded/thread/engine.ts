import { messages, PGlite, protocol } from '@electric-sql/pglite'
import { messageOf } from '../../../../base/reprise-error.ts'
import { StatementError } from '../../statement-error.ts'
import { durableFileSystem } from './durable-file-system.ts'
import { startParameters } from './engine-settings.ts'
import { readAnswer } from './read-answer.ts'
import type { Answer, WireValue } from './thread-messages.ts'

const { serialize } = protocol
const maxPrepared = 200
/** PGlite's word for "an error of SQL, go back to the main loop"; every other exception leaves its memory broken. */
const longJump = 100

export interface EngineOptions {
  readonly dataDirectory: string
  /** Ends PostgreSQL's thread at once. Called when nothing that it says can be believed any more. */
  readonly onBroken: (reason: string) => never
}

/** PostgreSQL itself, spoken to in its own protocol. One call after the other; a call blocks its thread. */
export class Engine {
  readonly #pglite: PGlite
  readonly #onBroken: (reason: string) => never
  /** Names of prepared statements by their text. */
  readonly #prepared = new Map<string, string>()
  #lastName = 0

  private constructor(pglite: PGlite, onBroken: (reason: string) => never) {
    this.#pglite = pglite
    this.#onBroken = onBroken
  }

  /**
   * Starts PostgreSQL, which recovers from its log by itself.
   * @throws Error with PostgreSQL's last words when it does not start
   */
  static async start(options: EngineOptions): Promise<Engine> {
    const lastWords = new LastWords()
    const onBroken = (reason: string) => options.onBroken(lastWords.orElse(reason))
    const fs = durableFileSystem(options.dataDirectory, error =>
      onBroken(`the disk refused to sync: ${messageOf(error)}`),
    )
    try {
      const onStderr = lastWords.hear
      const pglite = await PGlite.create({ fs, startParams: [...startParameters], onStderr })
      endAtFirstFault(pglite, onBroken)
      return new Engine(pglite, onBroken)
    } catch (error) {
      throw new Error(lastWords.orElse(messageOf(error)), { cause: error })
    }
  }

  /** @throws StatementError */
  async statement(text: string, values: readonly WireValue[]): Promise<Answer> {
    const known = this.#prepared.get(text)
    const name = known ?? `s${++this.#lastName}`
    try {
      const answer = await this.#exchange([
        ...(known === undefined ? [serialize.parse({ name, text })] : []),
        serialize.bind({ statement: name, values: [...values] }),
        serialize.describe({ type: 'P' }),
        serialize.execute(),
        serialize.sync(),
      ])
      this.#prepared.set(text, name)
      await this.#forgetOutdated(answer.command)
      return answer
    } catch (error) {
      // Whether it was prepared before it was refused is not asked: closing what is not there is allowed.
      this.#prepared.delete(text)
      await this.#exchange([serialize.close({ type: 'S', name }), serialize.sync()])
      throw error
    }
  }

  /** @throws StatementError */
  async script(sql: string): Promise<Answer> {
    const answer = await this.#exchange([serialize.query(sql)])
    await this.#forgetOutdated('SCRIPT')
    return answer
  }

  /** Writes a checkpoint and shuts PostgreSQL down. */
  async close(): Promise<void> {
    await this.#pglite.close()
  }

  async #exchange(requests: readonly Uint8Array[]): Promise<Answer> {
    const replies = await this.#pglite.execProtocolStream(Buffer.concat(requests), {
      syncToFs: false,
      throwOnError: false,
    })
    if (!(replies.at(-1) instanceof messages.ReadyForQueryMessage)) this.#onBroken('PostgreSQL fell silent')
    const error = replies.find(reply => reply instanceof messages.DatabaseError)
    if (error !== undefined) throw refusalOf(error)
    return readAnswer(replies)
  }

  /** Commands that change tables make prepared statements wrong, and too many of these cost memory. */
  async #forgetOutdated(command: string): Promise<void> {
    if (commandsThatKeepTables.has(command) && this.#prepared.size <= maxPrepared) return
    this.#prepared.clear()
    await this.#exchange([serialize.query('DEALLOCATE ALL')])
  }
}

/** What PostgreSQL says before it gives up; everything else of its log stays unread, for it quotes statements. */
class LastWords {
  #words: string | undefined

  readonly hear = (line: string): boolean => {
    const words = /\b(?:FATAL|PANIC): +(.*)$/.exec(line)?.[1]
    if (words !== undefined) this.#words = words
    return false
  }

  orElse(reason: string): string {
    return this.#words ?? reason
  }
}

const commandsThatKeepTables = new Set([
  ...['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE'],
  ...['SET', 'SHOW', 'VACUUM', 'CHECKPOINT', 'ANALYZE', 'LOCK TABLE', 'EXPLAIN'],
])

/** PGlite swallows every exception of PostgreSQL's main loop and calls it again: traps, aborts and ends would go unseen. */
function endAtFirstFault(pglite: PGlite, onBroken: (reason: string) => never): void {
  const module = pglite.Module
  const once = module._PostgresMainLoopOnce
  module._PostgresMainLoopOnce = () => {
    try {
      return once()
    } catch (fault) {
      if (fault instanceof Object && 'status' in fault && fault.status === longJump) throw fault
      return onBroken(messageOf(fault))
    }
  }
}

function refusalOf(error: InstanceType<typeof messages.DatabaseError>): StatementError {
  return new StatementError({
    sqlState: error.code ?? 'XX000',
    message: error.message,
    constraint: error.constraint,
    table: error.table,
  })
}
