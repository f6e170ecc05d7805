import { messages, PGlite, protocol } from '@electric-sql/pglite'
import { messageOf } from '../../../base/reprise-error.ts'
import { StatementError } from '../statement-error.ts'
import { durableFileSystem } from './durable-file-system.ts'
import { encodeValue } from './encode-value.ts'
import { startParameters } from './engine-settings.ts'
import { readAnswer } from './read-answer.ts'
import type { Answer } from './thread-messages.ts'

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
  readonly #options: EngineOptions
  /** Names of prepared statements by their text, the longest unused first. */
  readonly #prepared = new Map<string, string>()
  #lastName = 0

  private constructor(pglite: PGlite, options: EngineOptions) {
    this.#pglite = pglite
    this.#options = options
  }

  /** Starts PostgreSQL, which recovers from its log by itself. A directory that is absent or empty is initialised. */
  static async start(options: EngineOptions): Promise<Engine> {
    const fs = durableFileSystem(options.dataDirectory, error =>
      options.onBroken(`the disk refused to sync: ${messageOf(error)}`),
    )
    const pglite = await PGlite.create({ fs, startParams: [...startParameters] })
    endAtFirstFault(pglite, options.onBroken)
    return new Engine(pglite, options)
  }

  /** @throws StatementError */
  async statement(text: string, values: readonly unknown[]): Promise<Answer> {
    const known = this.#prepared.get(text)
    const name = known ?? `s${++this.#lastName}`
    const answer = await this.#exchange([
      ...(known === undefined ? [serialize.parse({ name, text })] : []),
      serialize.bind({ statement: name, values: values.map(encodeValue) }),
      serialize.describe({ type: 'P' }),
      serialize.execute(),
      serialize.sync(),
    ])
    this.#prepared.delete(text)
    this.#prepared.set(text, name)
    await this.#forgetPrepared(answer.command)
    return answer
  }

  /** @throws StatementError */
  async script(sql: string): Promise<Answer> {
    const answer = await this.#exchange([serialize.query(sql)])
    await this.#forgetPrepared('SCRIPT')
    return answer
  }

  /** Writes a checkpoint and shuts PostgreSQL down. */
  async close(): Promise<void> {
    await this.#pglite.close()
  }

  async #exchange(requests: readonly Uint8Array[]): Promise<Answer> {
    const replies = await this.#pglite.execProtocolStream(new Uint8Array(Buffer.concat(requests)), {
      syncToFs: false,
      throwOnError: false,
    })
    if (!(replies.at(-1) instanceof messages.ReadyForQueryMessage)) this.#options.onBroken('PostgreSQL fell silent')
    const error = replies.find(reply => reply instanceof messages.DatabaseError)
    if (error !== undefined) throw refusalOf(error)
    return readAnswer(replies)
  }

  /** Statements that change tables make prepared ones wrong, and too many of them cost memory. */
  async #forgetPrepared(command: string): Promise<void> {
    if (commandsThatKeepTables.has(command) && this.#prepared.size <= maxPrepared) return
    if (this.#prepared.size === 0) return
    this.#prepared.clear()
    await this.#exchange([serialize.query('DEALLOCATE ALL')])
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
