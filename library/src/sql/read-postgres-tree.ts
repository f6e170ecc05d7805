import { Findings, type StatementPart, type TransactionControl } from './statement.ts'

type Node = Readonly<Record<string, unknown>>
type CteNames = ReadonlySet<string>

/** Statements that touch no rows, or none that anybody could have cached. */
const harmless = new Set(
  ['VariableSetStmt', 'VariableShowStmt', 'ListenStmt', 'UnlistenStmt', 'NotifyStmt', 'LockStmt', 'VacuumStmt'].concat(
    ['PrepareStmt', 'DeallocateStmt', 'DiscardStmt', 'CheckPointStmt', 'ClosePortalStmt', 'CommentStmt', 'GrantStmt'],
    ['CreateFunctionStmt', 'CreateTrigStmt', 'ConstraintsSetStmt', 'ReindexStmt', 'ClusterStmt', 'IndexStmt'],
    ['GrantRoleStmt', 'SecLabelStmt', 'CreateExtensionStmt', 'CreateSchemaStmt', 'CreateSeqStmt', 'CreateStatsStmt'],
  ),
)

/** Kinds of things whose dropping drops rows. */
const rowKinds = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE'])

const controls: Readonly<Record<string, 'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'rollback_to'>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_COMMIT_PREPARED: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback',
  // What was prepared may be committed by another connection: to be told of now.
  TRANS_STMT_PREPARE: 'commit',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback_to',
}

const noCtes: CteNames = new Set()

/** The statements of a tree of PostgreSQL's parser. */
export function readPostgresTree(tree: unknown): readonly StatementPart[] {
  return listOf(tree, 'stmts').flatMap(raw => {
    if (!isNode(raw) || !isNode(raw['stmt'])) return []
    const reader = new TreeReader()
    reader.statement(raw['stmt'], noCtes)
    return [reader.findings.toPart()]
  })
}

class TreeReader {
  readonly findings = new Findings()
  #depth = 0

  /** @param wrapped `{ SelectStmt: … }` */
  statement(wrapped: Node, ctes: CteNames): void {
    const [kind, node] = unwrap(wrapped)
    if (kind === undefined || node === undefined) return
    this.findings.queryType = typeOf(kind)
    if (kind === 'TransactionStmt') this.findings.control = controlOf(node)
    else if (kind === 'CallStmt' || kind === 'DoStmt' || kind === 'ExecuteStmt') this.findings.hidden = 'writes'
    else if (kind === 'FetchStmt') this.findings.hidden = 'reads'
    else if (kind === 'DropStmt') this.#drop(node)
    else if (kind === 'ExplainStmt') this.#explain(node, ctes)
    else if (!harmless.has(kind)) {
      this.#depth += 1
      this.#known(kind, node, ctes)
      this.#depth -= 1
    }
  }

  #known(kind: string, node: Node, around: CteNames): void {
    const ctes = this.#with(node['withClause'], around)
    if (this.#depth === 1) this.findings.beginMain()
    switch (kind) {
      case 'SelectStmt':
        this.#select(node, around)
        return
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt':
        this.#write(node['relation'])
        break
      case 'CopyStmt':
        if (node['is_from'] === true) this.#write(node['relation'])
        else
          this.#visitAll(
            [node['relation']].filter(isNode).map(RangeVar => ({ RangeVar })),
            ctes,
          )
        break
      case 'CreateTableAsStmt':
      case 'DeclareCursorStmt':
        if (isNode(node['into'])) this.#write(node['into']['rel'])
        break
      case 'ViewStmt':
        this.#write(node['view'])
        break
      default: {
        // DDL of whatever kind: the tables that it names change.
        const inner = new TreeReader()
        inner.#visitAll(Object.values(node), ctes)
        if (isNode(node['relation'])) this.#write(node['relation'])
        for (const name of [...inner.findings.read, ...inner.findings.written]) this.findings.written.add(name)
        return
      }
    }
    this.#visitAll(
      Object.entries(node)
        .filter(([field]) => field !== 'relation' && field !== 'withClause' && field !== 'into' && field !== 'view')
        .map(([, value]) => value),
      ctes,
    )
  }

  #select(node: Node, around: CteNames): void {
    const ctes = this.#with(node['withClause'], around)
    if (isNode(node['intoClause'])) this.#write(node['intoClause']['rel'])
    if (listOf(node, 'lockingClause').length > 0) this.findings.locks = true
    // What it is about comes before what is asked beside.
    this.#visit(node['fromClause'], ctes)
    for (const [field, value] of Object.entries(node)) {
      if (['withClause', 'intoClause', 'lockingClause', 'fromClause'].includes(field)) continue
      // The sides of a UNION stand there unwrapped.
      if ((field === 'larg' || field === 'rarg') && isNode(value)) this.#select(value, ctes)
      else this.#visit(value, ctes)
    }
  }

  /** Reads what a WITH clause carries out; answers the names that hold behind it. */
  #with(clause: unknown, around: CteNames): CteNames {
    if (!isNode(clause)) return around
    const named = new Set(around)
    const bodies = listOf(clause, 'ctes').flatMap(wrapped => {
      const cte = isNode(wrapped) ? wrapped['CommonTableExpr'] : undefined
      if (!isNode(cte)) return []
      const names = new Set(named)
      named.add(String(cte['ctename']))
      return [{ query: cte['ctequery'], names }]
    })
    const isRecursive = clause['recursive'] === true
    for (const { query, names } of bodies) {
      if (!isNode(query)) continue
      const { queryType } = this.findings
      this.statement(query, isRecursive ? named : names)
      this.findings.queryType = queryType
    }
    return named
  }

  #visit(value: unknown, ctes: CteNames): void {
    if (Array.isArray(value)) this.#visitAll(value, ctes)
    else if (isNode(value)) for (const [kind, inner] of Object.entries(value)) this.#one(kind, inner, ctes)
  }

  #visitAll(values: readonly unknown[], ctes: CteNames): void {
    for (const value of values) this.#visit(value, ctes)
  }

  #one(kind: string, inner: unknown, ctes: CteNames): void {
    if (typeof inner !== 'object' || inner === null) return
    if (!isNode(inner)) this.#visit(inner, ctes)
    else if (kind === 'RangeVar') {
      const name = nameOf(inner)
      if (!(inner['schemaname'] === undefined && ctes.has(name))) this.findings.read.add(name)
    } else if (kind === 'SelectStmt') this.#select(inner, ctes)
    else if (kind === 'FuncCall') {
      this.findings.functions.add(textsOf(inner['funcname']).join('.').toLowerCase())
      this.#visit(inner, ctes)
    } else if (kind.endsWith('Stmt')) this.#known(kind, inner, ctes)
    else this.#visit(inner, ctes)
  }

  #write(relation: unknown): void {
    if (isNode(relation)) this.findings.written.add(nameOf(relation))
  }

  #drop(node: Node): void {
    const kind = String(node['removeType'])
    if (kind === 'OBJECT_SCHEMA') this.findings.hidden = 'writes'
    if (!rowKinds.has(kind)) return
    for (const object of listOf(node, 'objects')) {
      const items = isNode(object) && isNode(object['List']) ? object['List']['items'] : [object]
      this.findings.written.add(textsOf(items).slice(-2).join('.'))
    }
  }

  /** EXPLAIN ANALYZE runs its statement. */
  #explain(node: Node, ctes: CteNames): void {
    const runs = listOf(node, 'options').some(option => {
      const element = isNode(option) ? option['DefElem'] : undefined
      return isNode(element) && element['defname'] === 'analyze'
    })
    if (!runs || !isNode(node['query'])) return
    this.statement(node['query'], ctes)
    this.findings.queryType = 'OTHER'
  }
}

function typeOf(kind: string): StatementPart['queryType'] {
  switch (kind) {
    case 'SelectStmt':
      return 'SELECT'
    case 'InsertStmt':
      return 'INSERT'
    case 'UpdateStmt':
      return 'UPDATE'
    case 'DeleteStmt':
      return 'DELETE'
    default:
      return 'OTHER'
  }
}

function controlOf(node: Node): TransactionControl | undefined {
  const kind = controls[String(node['kind'])]
  if (kind === undefined || kind === 'begin' || kind === 'commit' || kind === 'rollback') return kind && { kind }
  return { kind, name: String(node['savepoint_name']) }
}

function nameOf(relation: Node): string {
  const { schemaname, relname } = relation as { schemaname?: unknown; relname?: unknown }
  return typeof schemaname === 'string' ? `${schemaname}.${relname}` : String(relname)
}

function textsOf(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return []
  return list.flatMap(item => {
    const text = isNode(item) && isNode(item['String']) ? item['String']['sval'] : undefined
    return typeof text === 'string' ? [text] : []
  })
}

/** The one field of `{ SelectStmt: … }`. */
function unwrap(wrapped: Node): readonly [kind: string | undefined, node: Node | undefined] {
  const [entry] = Object.entries(wrapped)
  return entry !== undefined && isNode(entry[1]) ? [entry[0], entry[1]] : [undefined, undefined]
}

function listOf(node: unknown, field: string): readonly unknown[] {
  const list = isNode(node) ? node[field] : undefined
  return Array.isArray(list) ? list : []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
