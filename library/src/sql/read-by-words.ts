import { Findings, type QueryType, type SqlDialect, type StatementPart } from './statement.ts'
import { type CteNames, nameAt, TableScan } from './table-scan.ts'
import type { Item } from './token-tree.ts'
import { controlOf } from './transaction-control.ts'

/** Statements that touch no rows, or none that anybody could have cached. */
const harmless = new Set(
  [
    'SHOW',
    'USE',
    'KILL',
    'CHECK',
    'OPTIMIZE',
    'REPAIR',
    'FLUSH',
    'GRANT',
    'REVOKE',
    'CHECKSUM',
    'HELP',
    'RESET',
  ].concat(
    ['PREPARE', 'DEALLOCATE', 'VACUUM', 'REINDEX', 'CLUSTER', 'LISTEN', 'UNLISTEN', 'NOTIFY', 'DISCARD', 'CHECKPOINT'],
    ['COMMENT', 'SECURITY', 'LOCK', 'UNLOCK', 'CLOSE', 'SIGNAL', 'RESIGNAL', 'GET', 'PURGE', 'CHANGE', 'INSTALL'],
    ['UNINSTALL', 'CACHE', 'BINLOG', 'RESTART', 'SHUTDOWN', 'XA', 'START', 'CLONE', 'STOP', 'IMPORT', 'BACKUP', 'MOVE'],
  ),
)
const noTable = new Set(
  [
    'LOW_PRIORITY',
    'HIGH_PRIORITY',
    'DELAYED',
    'QUICK',
    'IGNORE',
    'INTO',
    'ONLY',
    'TABLE',
    'TABLES',
    'IF',
    'NOT',
  ].concat(['EXISTS', 'CONCURRENTLY']),
)
const rows = new Set(['TABLE', 'VIEW', 'SEQUENCE'])
const containers = new Set(['DATABASE', 'SCHEMA', 'OWNED'])
const noCtes: CteNames = new Set()
const untilSet: ReadonlySet<string> = new Set(['SET'])
const untilUsing: ReadonlySet<string> = new Set(['USING'])
const untilWhen: ReadonlySet<string> = new Set(['WHEN'])
const untilWhere: ReadonlySet<string> = new Set(['WHERE', 'ORDER', 'LIMIT', 'RETURNING'])

/** Reads a statement by its words. Undefined where it begins with none that is known. */
export function readByWords(items: readonly Item[], dialect: SqlDialect): StatementPart | undefined {
  const findings = new Findings()
  const reader = new WordReader(findings, dialect)
  const queryType = reader.statement(items, noCtes)
  if (queryType === undefined) return undefined
  findings.queryType = queryType
  return findings.toPart()
}

class WordReader {
  readonly #findings: Findings
  readonly #dialect: SqlDialect
  readonly #scan: TableScan
  #depth = 0

  constructor(findings: Findings, dialect: SqlDialect) {
    this.#findings = findings
    this.#dialect = dialect
    this.#scan = new TableScan(findings, dialect, (items, ctes) => {
      this.statement(items, ctes)
    })
  }

  /** What kind of statement it is; its tables go to the findings. */
  statement(items: readonly Item[], around: CteNames): QueryType | undefined {
    this.#depth += 1
    const queryType = this.#statement(items, around)
    this.#depth -= 1
    return queryType
  }

  #statement(items: readonly Item[], around: CteNames): QueryType | undefined {
    const [first] = items
    if (first?.kind === 'group') {
      this.#scan.scan(items, 0, around)
      return 'SELECT'
    }
    if (first?.word !== 'WITH') return this.#headed(items, 0, around)
    const { at, ctes } = this.#scan.ctes(items, 0, around)
    if (this.#depth === 1) this.#findings.beginMain()
    return at === 0 ? undefined : this.#headed(items, at + 1, ctes)
  }

  #headed(items: readonly Item[], at: number, ctes: CteNames): QueryType | undefined {
    const head = items[at]?.word ?? ''
    const control = controlOf(items, at, this.#dialect)
    if (control !== undefined) {
      this.#findings.control = control
      if (control.kind !== 'implicit_commit') return 'OTHER'
    }
    switch (head) {
      case '(':
      case 'SELECT':
      case 'VALUES':
      case 'TABLE':
        return this.#select(items, at, ctes)
      case 'INSERT':
      case 'REPLACE':
        this.#scan.scan(items, this.#writes(items, at + 1, ctes), ctes)
        return 'INSERT'
      case 'UPDATE': {
        const of = { inFrom: true, isQuery: true, into: 'written', until: untilSet } as const
        const set = this.#scan.scan(items, this.#skip(items, at + 1), ctes, of)
        this.#scan.scan(items, set, ctes, { isQuery: true })
        return 'UPDATE'
      }
      case 'DELETE':
        this.#delete(items, this.#skip(items, at + 1), ctes)
        return 'DELETE'
      case 'MERGE': {
        const using = this.#scan.scan(items, this.#writes(items, at + 1, ctes), ctes, { until: untilUsing })
        const when = this.#scan.scan(items, using + 1, ctes, { inFrom: true, isQuery: true, until: untilWhen })
        this.#scan.scan(items, when, ctes)
        return 'OTHER'
      }
      case 'TRUNCATE':
        this.#scan.list(items, this.#skip(items, at + 1), ctes, 'written')
        return 'OTHER'
      case 'EXPLAIN':
      case 'DESCRIBE':
      case 'DESC':
      case 'ANALYZE':
        this.#explain(items, at, ctes)
        return 'OTHER'
      case 'SET':
      case 'DECLARE':
        this.#scan.scan(items, at + 1, ctes)
        return 'OTHER'
      case 'DO':
        if (this.#dialect === 'mysql') this.#scan.scan(items, at + 1, ctes)
        else this.#findings.hidden = 'writes'
        return 'OTHER'
      case 'CALL':
      case 'EXECUTE':
        this.#findings.hidden = 'writes'
        return 'OTHER'
      case 'FETCH':
        this.#findings.hidden = 'reads'
        return 'OTHER'
      case 'HANDLER':
        this.#scan.list(items, at + 1, ctes, 'read')
        return 'OTHER'
      default:
        return this.#changes(head, items, at, ctes) || harmless.has(head) ? 'OTHER' : undefined
    }
  }

  #select(items: readonly Item[], at: number, ctes: CteNames): QueryType {
    this.#scan.scan(items, at, ctes)
    const into = items.findIndex(({ word }) => word === 'INTO')
    // PostgreSQL makes a table by SELECT … INTO; MySQL fills variables and files.
    const isQualified = ['TEMP', 'TEMPORARY', 'UNLOGGED'].includes(items[into + 1]?.word ?? '')
    if (this.#dialect === 'postgres' && into > 0) this.#writes(items, into + (isQualified ? 2 : 1), ctes)
    return 'SELECT'
  }

  /** MySQL: `DELETE t FROM refs`, `DELETE FROM t USING refs`; the names before may be aliases of those behind. */
  #delete(items: readonly Item[], at: number, ctes: CteNames): void {
    const of = { inFrom: true, isQuery: true, into: 'written', until: untilWhere } as const
    const isFromFirst = items[at]?.word === 'FROM'
    const start = isFromFirst ? this.#skip(items, at + 1) : at
    const seam = items.findIndex(({ word }, place) => place > at && word === (isFromFirst ? 'USING' : 'FROM'))
    const where = items.findIndex(({ word }) => word === 'WHERE')
    const isMultiple = seam > 0 && (where < 0 || seam < where)
    const isPostgres = this.#dialect === 'postgres'
    if (isPostgres || !isMultiple) {
      const end = this.#scan.list(items, start, ctes, 'written')
      const using = isMultiple ? this.#scan.scan(items, seam + 1, ctes, { ...of, into: 'read' }) : end
      this.#scan.scan(items, using, ctes)
    } else this.#scan.scan(items, this.#scan.scan(items, seam + 1, ctes, of), ctes)
  }

  #explain(items: readonly Item[], at: number, ctes: CteNames): void {
    const isRun = ['ANALYZE', 'EXPLAIN'].includes(items[at]?.word ?? '') && isAnalyzed(items, at)
    const start = items.findIndex(({ word }, place) => place > at && runnable.has(word))
    if (isRun && start > 0) this.statement(items.slice(start), ctes)
  }

  /** DDL and bulk loads. False for other statements. */
  #changes(head: string, items: readonly Item[], at: number, ctes: CteNames): boolean {
    const kind = items.slice(at + 1, at + 10).find(({ word }) => rows.has(word) || containers.has(word))?.word
    const place = items.findIndex(({ word }) => word === kind)
    switch (head) {
      case 'LOAD':
      case 'REFRESH': {
        const table = items.findIndex(({ word }) => word === (head === 'LOAD' ? 'TABLE' : 'VIEW'))
        this.#writes(items, table + 1, ctes)
        return true
      }
      case 'CREATE':
      case 'ALTER':
      case 'DROP': {
        const index = items.slice(at, at + 6).some(({ word }) => word === 'INDEX')
        const on = items.findIndex(({ word }) => word === 'ON')
        if (index && on > 0) this.#writes(items, on + 1, ctes)
        else if (kind === undefined) return true
        else if (containers.has(kind)) this.#findings.hidden = head === 'CREATE' ? 'none' : 'writes'
        else {
          const end = this.#scan.list(items, this.#skip(items, place + 1), ctes, 'written')
          if (head === 'CREATE') this.#scan.scan(items, end, ctes)
        }
        return true
      }
      case 'RENAME':
        for (const [each, { word }] of items.entries()) {
          if (word === 'TABLE' || word === 'TO' || word === ',') this.#writes(items, each + 1, ctes)
        }
        return true
      case 'COPY': {
        const isFrom = items.some(({ word }) => word === 'FROM')
        if (items[at + 1]?.kind === 'group') this.#scan.scan(items, at + 1, ctes)
        else this.#scan.list(items, at + 1, ctes, isFrom ? 'written' : 'read')
        return true
      }
      default:
        return false
    }
  }

  /** Adds the table named from a place on, behind words that stand before names; answers the place behind it. */
  #writes(items: readonly Item[], from: number, ctes: CteNames): number {
    const at = this.#skip(items, from)
    const { parts, end } = nameAt(items, at, this.#dialect)
    if (parts.length > 0 && !ctes.has(parts.join('.'))) this.#findings.written.add(parts.join('.'))
    return end
  }

  #skip(items: readonly Item[], from: number): number {
    let at = from
    while (noTable.has(items[at]?.word ?? '')) at += 1
    return at
  }
}

const runnable = new Set(['SELECT', 'WITH', 'INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'MERGE', 'TABLE', 'VALUES'])

/** EXPLAIN ANALYZE and MariaDB's ANALYZE run the statement; ANALYZE TABLE counts. */
function isAnalyzed(items: readonly Item[], at: number): boolean {
  const [head, next] = [items[at], items[at + 1]]
  if (head?.word === 'ANALYZE') return next?.word !== 'TABLE' && next?.word !== 'LOCAL'
  if (next?.kind === 'group') return next.items.some(({ word }) => word === 'ANALYZE')
  return next?.word === 'ANALYZE'
}
