import type { Announcer } from '../../../base/announcer.ts'
import type { DatabaseEvents, StatementLabels } from '../../../ports/database-events.ts'
import type { SqlDialect } from '../../../sql/statement.ts'
import { announceSlow } from './slow-queries.ts'
import { StatementLabeller } from './statement-labels.ts'

export interface QueryWatchOptions {
  readonly dialect: SqlDialect
  readonly announcer: Announcer<DatabaseEvents>
  /** The only tables that labels name; all, up to the bound of the registry, when undefined. */
  readonly tables: ReadonlySet<string> | undefined
  /** From how many milliseconds on a statement is slow. */
  readonly slowQueryMs: number
}

/** Watches statements: each driver's part tells it when one was sent and how it ended. */
export class QueryWatch {
  readonly #announcer: Announcer<DatabaseEvents>
  readonly #dialect: SqlDialect
  readonly #slowQueryMs: number
  readonly #labeller: StatementLabeller

  constructor({ dialect, announcer, tables, slowQueryMs }: QueryWatchOptions) {
    this.#announcer = announcer
    this.#dialect = dialect
    this.#slowQueryMs = slowQueryMs
    this.#labeller = new StatementLabeller(dialect, tables)
  }

  /** Labels that the author of a statement gives; they need not be read from its text. */
  name(text: string, labels: StatementLabels): void {
    this.#labeller.name(text, labels)
  }

  /** The moment that a statement was sent, to be given to `succeeded` or `failed`. */
  began(): number {
    return performance.now()
  }

  succeeded(text: string, startedMs: number, rows: number | undefined): void {
    const durationMs = performance.now() - startedMs
    this.#announce({ labels: this.#labeller.labelsOf(text), durationMs, failed: false, rows, text })
  }

  failed(text: string, startedMs: number, error: unknown): void {
    const durationMs = performance.now() - startedMs
    this.#announce({ labels: this.#labeller.labelsOf(text), durationMs, failed: true, error, text })
  }

  #announce(query: DatabaseEvents['query']): void {
    this.#announcer.announce('query', query)
    announceSlow(this.#announcer, query, this.#slowQueryMs, this.#dialect)
  }
}
