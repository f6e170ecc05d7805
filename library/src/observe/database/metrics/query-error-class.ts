/** Closed set: the label `class` of `reprise_db_query_errors_total`. */
export type QueryErrorClass =
  | 'constraint'
  | 'data'
  | 'syntax'
  | 'permission'
  | 'conflict'
  | 'timeout'
  | 'cancelled'
  | 'connection'
  | 'resources'
  | 'other'

/**
 * SQLSTATE by its first letters, the longest first (SQL:2023 part 2 table 39, PostgreSQL appendix A, MariaDB's list): both
 * servers send it.
 */
const bySqlState: readonly (readonly [prefix: string, errorClass: QueryErrorClass])[] = [
  ['25P03', 'timeout'],
  ['25P02', 'conflict'],
  ['42501', 'permission'],
  ['55P03', 'timeout'],
  ['57014', 'cancelled'],
  ['57P', 'connection'],
  ['70100', 'cancelled'],
  ['08', 'connection'],
  ['21', 'data'],
  ['22', 'data'],
  ['23', 'constraint'],
  ['28', 'permission'],
  ['40', 'conflict'],
  ['42', 'syntax'],
  ['44', 'constraint'],
  ['53', 'resources'],
  ['54', 'resources'],
  ['XA', 'conflict'],
]

/** MariaDB and MySQL send HY000, or a state that says less, with these. */
const byMysqlCode: Readonly<Record<string, QueryErrorClass>> = {
  ER_LOCK_WAIT_TIMEOUT: 'timeout',
  ER_STATEMENT_TIMEOUT: 'timeout',
  ER_QUERY_TIMEOUT: 'timeout',
  ER_CON_COUNT_ERROR: 'resources',
  ER_TOO_MANY_USER_CONNECTIONS: 'resources',
  ER_OUT_OF_RESOURCES: 'resources',
  ER_DISK_FULL: 'resources',
  ER_RECORD_FILE_FULL: 'resources',
  ER_TABLEACCESS_DENIED_ERROR: 'permission',
  ER_COLUMNACCESS_DENIED_ERROR: 'permission',
  ER_DBACCESS_DENIED_ERROR: 'permission',
  ER_SPECIFIC_ACCESS_DENIED_ERROR: 'permission',
  ER_NO_DEFAULT_FOR_FIELD: 'constraint',
  ER_BAD_NULL_ERROR: 'constraint',
  ER_DUP_ENTRY: 'constraint',
  ER_TRUNCATED_WRONG_VALUE_FOR_FIELD: 'data',
  ER_TRUNCATED_WRONG_VALUE: 'data',
  ER_WARN_DATA_OUT_OF_RANGE: 'data',
  ER_OPTION_PREVENTS_STATEMENT: 'connection',
  ER_CONNECTION_KILLED: 'connection',
  ER_SERVER_SHUTDOWN: 'connection',
  ER_NORMAL_SHUTDOWN: 'connection',
  PROTOCOL_CONNECTION_LOST: 'connection',
  PROTOCOL_SEQUENCE_TIMEOUT: 'timeout',
}

const systemCodes = /^E(CONN|PIPE|TIMEDOUT|NOTFOUND|HOSTUNREACH|NETUNREACH|AI_AGAIN)/
const connectionMessages =
  /^(Connection terminated|Client (has|was)|Can't add new command|Connection lost|Pool is closed)/i
/** Limits of the drivers, and of the servers, which send the same code for a limit and for a user's cancelling. */
const timeoutMessages =
  /^(Query read timeout|timeout |canceling statement due to \w+ timeout)|max_statement_time exceeded/i

/** Which class an error of `pg`, `mysql2` or the product's own database belongs to. */
export function queryErrorClass(error: unknown): QueryErrorClass {
  if (!(error instanceof Error)) return 'other'
  const code = textOf(error, 'code')
  const known = code === undefined ? undefined : byMysqlCode[code]
  if (known !== undefined) return known
  if (timeoutMessages.test(error.message)) return 'timeout'
  // pg names the SQLSTATE `code`; mysql2 and the product's own errors `sqlState`.
  const state = textOf(error, 'sqlState') ?? code
  if (state !== undefined && /^[0-9A-Z]{5}$/.test(state)) {
    const found = bySqlState.find(([prefix]) => state.startsWith(prefix))
    if (found !== undefined) return found[1]
  }
  if (code === 'database_unavailable' || code === 'outcome_unknown') return 'connection'
  if ((code !== undefined && systemCodes.test(code)) || connectionMessages.test(error.message)) return 'connection'
  return 'other'
}

function textOf(error: object, field: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(error, field)?.value
  return typeof value === 'string' ? value : undefined
}
