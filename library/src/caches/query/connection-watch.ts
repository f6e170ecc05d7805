import { readStatement } from '../../sql/read-statement.ts'
import { redact } from '../../sql/redact.ts'
import { Findings, readingOf, type SqlDialect, type StatementPart, type StatementReading } from '../../sql/statement.ts'
import { type ReadTracking, runningRead } from './read-tracking.ts'
import type { TableRelations } from './relations.ts'
import { TransactionWrites, type Written } from './transaction-writes.ts'

/** What a query cache gives to those who watch its connections. */
export interface WatchParts {
  /** The query cache. */
  readonly owner: object
  readonly relations: TableRelations
  /** Drops what was read from tables; ends when nobody can get it any more. */
  readonly dropTables: (written: Written) => Promise<void>
  readonly onUntracked: (query: string, statement: string) => void
  readonly onUnreadableWrite: (statement: string) => void
}

/** What the driver knows when a statement is over. */
export interface StatementEnd {
  /** Whether the server says that a transaction is open on the connection. */
  readonly isInTransaction?: boolean | undefined
  /** The COMMIT of a transaction that had failed was in truth a ROLLBACK. */
  readonly isRolledBack?: boolean
}

/** A statement under way. One of `done` and `failed` is called when it is over, and waited for before its caller is told. */
export interface SentStatement {
  /** What must be waited for before it is sent. */
  readonly wait: Promise<void> | undefined
  /** It is sent though there was something to wait for. */
  sentAtOnce(): void
  done(end?: StatementEnd): Promise<void> | undefined
  /** @param isRefused the server said that it did nothing; otherwise it may have been carried out */
  failed(isRefused: boolean, end?: StatementEnd): Promise<void> | undefined
}

/** Watches the statements of one connection of a database, in the order in which they are sent. */
export interface ConnectionWatch {
  /** A statement is about to be sent: its text, or what it is known to be. */
  send(statement: string): SentStatement
  /** What the driver itself does to the transaction. */
  sendControl(control: NonNullable<StatementPart['control']>): SentStatement
  /** The connection ended: its server rolls back what was not committed. */
  lost(): Promise<void> | undefined
}

/** A watch of one connection, for a query cache. */
export function watchConnection(dialect: SqlDialect, parts: WatchParts): ConnectionWatch {
  return new Watch(dialect, parts)
}

/** COMMIT AND CHAIN begins the next transaction. */
const chained = /\b(?:COMMIT|ROLLBACK)\b.*\bAND\s+CHAIN\b/i

class Watch implements ConnectionWatch {
  readonly #dialect: SqlDialect
  readonly #parts: WatchParts
  readonly #writes = new TransactionWrites()
  /** What may still be carried out by a statement that was given up. */
  #doubtful: Written | undefined
  /** Whether statements that are sent now land in a transaction: those before them may still be under way. */
  #willBeOpen = false
  #underWay = 0

  constructor(dialect: SqlDialect, parts: WatchParts) {
    this.#dialect = dialect
    this.#parts = parts
  }

  send(statement: string): SentStatement {
    return this.#send(readStatement(statement, this.#dialect), statement)
  }

  sendControl(control: NonNullable<StatementPart['control']>): SentStatement {
    const findings = new Findings()
    findings.control = control
    return this.#send(readingOf([findings.toPart()], true), '')
  }

  lost(): Promise<void> | undefined {
    this.#writes.control({ kind: 'rollback' })
    this.#willBeOpen = false
    return this.#drop(this.#takeDoubtful())
  }

  #send(given: StatementReading, text: string): SentStatement {
    const read = runningRead.getStore()
    const isOwn = read?.owner === this.#parts.owner
    const wait = isOwn && read !== undefined ? this.#track(read, given, text) : undefined
    // Whoever runs it in a cached query says that it is a read.
    const reading = isOwn && !given.readable ? { ...given, parts: given.parts.map(asRead) } : given
    for (const { control } of reading.parts) this.#foresee(control)
    this.#underWay += 1
    return {
      wait,
      sentAtOnce: () => {
        if (wait !== undefined) runningRead.getStore()?.refuse('late')
      },
      done: end => this.#done(reading, text, end),
      failed: (isRefused, end) => this.#failed(reading, text, isRefused, end),
    }
  }

  /** Tells the cached query that runs here what the statement reads. */
  #track(read: ReadTracking, reading: StatementReading, text: string): Promise<void> | undefined {
    if (this.#willBeOpen || this.#writes.isOpen || reading.control !== undefined) read.refuse('transaction')
    if (reading.locks) read.refuse('lock')
    const { relations } = this.#parts
    const written = relations.writtenWith(reading.tables.written, reading.functions)
    if (written.length > 0 || (reading.readable && reading.hidden === 'writes')) read.refuse('write')
    else if (!reading.readable || reading.hidden !== 'none') {
      this.#parts.onUntracked(read.query, redact(text, this.#dialect))
    }
    // What could be guessed of an unreadable one is no promise, but does no harm.
    return read.hold(relations.readWith(reading.tables.read, reading.functions))
  }

  #foresee(control: StatementReading['control']): void {
    if (control === undefined) return
    if (control.kind === 'begin') this.#willBeOpen = true
    else if (control.kind === 'autocommit') this.#willBeOpen = !control.isOn
    else if (['commit', 'rollback', 'implicit_commit'].includes(control.kind)) this.#willBeOpen = false
  }

  #done(reading: StatementReading, text: string, end: StatementEnd = {}): Promise<void> | undefined {
    this.#underWay -= 1
    const written: (Written | undefined)[] = [this.#takeDoubtful()]
    for (const part of reading.parts) {
      const { control } = part
      const isCommit = control?.kind === 'commit' && end.isRolledBack === true
      if (control !== undefined) written.push(this.#writes.control(isCommit ? { kind: 'rollback' } : control))
      written.push(this.#written(part, text))
    }
    if (chained.test(text)) this.#writes.isBegun = this.#willBeOpen = true
    written.push(this.#believe(end))
    return this.#drop(union(written))
  }

  #failed(
    reading: StatementReading,
    text: string,
    isRefused: boolean,
    end: StatementEnd = {},
  ): Promise<void> | undefined {
    this.#underWay -= 1
    const doubtful = this.#takeDoubtful()
    this.#willBeOpen = end.isInTransaction ?? (this.#writes.isBegun || this.#underWay > 0 || !this.#writes.isAutocommit)
    // PostgreSQL undoes what failed; MySQL keeps what a statement did to tables without transactions.
    const isUndone = isRefused && this.#dialect === 'postgres' && reading.parts.length === 1
    if (isUndone && reading.control === undefined) return this.#drop(union([doubtful, this.#believe(end)]))
    const written: (Written | undefined)[] = [doubtful]
    for (const part of reading.parts) {
      const { control } = part
      if (control?.kind === 'commit' || control?.kind === 'implicit_commit') written.push(this.#writes.take())
      written.push(this.#written(part, text))
    }
    written.push(this.#believe(end))
    const lost = union(written)
    if (!isRefused) this.#doubtful = union([lost, this.#doubtful])
    return this.#drop(lost)
  }

  /** What a part of a statement wrote, if that is to be dropped now; in a transaction it waits for the commit. */
  #written({ tables, functions, hidden }: StatementPart, text: string): Written | undefined {
    const written = this.#parts.relations.writtenWith(tables.written, functions)
    const all = hidden === 'writes'
    if (all) this.#parts.onUnreadableWrite(redact(text, this.#dialect))
    if (written.length === 0 && !all) return undefined
    if (!this.#writes.isOpen) return { tables: new Set(written), all }
    this.#writes.add(written, all)
    return undefined
  }

  /** The server knows best whether a transaction is open. One that ended in a way that nobody saw may have committed. */
  #believe({ isInTransaction }: StatementEnd): Written | undefined {
    if (isInTransaction === undefined || this.#underWay > 0) return undefined
    this.#writes.isBegun = isInTransaction
    this.#willBeOpen = isInTransaction || !this.#writes.isAutocommit
    return this.#writes.isOpen ? undefined : this.#writes.take()
  }

  #takeDoubtful(): Written | undefined {
    const doubtful = this.#doubtful
    this.#doubtful = undefined
    return doubtful
  }

  #drop(written: Written | undefined): Promise<void> | undefined {
    return written === undefined ? undefined : this.#parts.dropTables(written)
  }
}

function asRead(part: StatementPart): StatementPart {
  return { ...part, hidden: 'none' }
}

function union(written: readonly (Written | undefined)[]): Written | undefined {
  const some = written.filter(each => each !== undefined)
  if (some.length === 0) return undefined
  return { tables: new Set(some.flatMap(({ tables }) => [...tables])), all: some.some(({ all }) => all) }
}
