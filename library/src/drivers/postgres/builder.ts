import {
  type Compilable,
  DummyDriver,
  Kysely,
  type OperationNode,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely'
import type { Statement, StatementLabels } from './database.ts'
import { type Schema, type TableName, tableNames } from './schema.ts'

/**
 * Builds typed queries over the tables of Reprise. It has no connection: `statementOf` turns a query into text and
 * values, and the `Database` runs them.
 * @example database.run(statementOf(builder.deleteFrom('reprise_guest').where('guest_id', '=', guestId)))
 */
export const builder = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** A statement from a query of the builder; its labels are read off the query itself. */
export function statementOf(query: Compilable<unknown>): Statement {
  const { sql, parameters, query: root } = query.compile()
  return { text: sql, values: parameters, labels: { queryType: queryTypeOf(root), table: tableOf(root) } }
}

/** A statement of hand-written SQL with its labels. */
export function statement(
  queryType: StatementLabels['queryType'],
  table: TableName | 'other',
  text: string,
  values: readonly unknown[] = [],
): Statement {
  return { text, values, labels: { queryType, table } }
}

const queryTypes: Readonly<Record<string, StatementLabels['queryType']>> = {
  SelectQueryNode: 'SELECT',
  InsertQueryNode: 'INSERT',
  UpdateQueryNode: 'UPDATE',
  DeleteQueryNode: 'DELETE',
}

function queryTypeOf(root: OperationNode): StatementLabels['queryType'] {
  return queryTypes[root.kind] ?? 'OTHER'
}

/** The nodes on the way from a query to its first table, and where each one leads. */
interface NodeOnTheWay extends OperationNode {
  readonly into?: OperationNode
  readonly from?: { readonly froms: readonly OperationNode[] }
  readonly table?: OperationNode | { readonly identifier: { readonly name: string } }
  readonly node?: OperationNode
}

function tableOf(node: NodeOnTheWay): string {
  if (node.kind === 'TableNode' && node.table !== undefined && 'identifier' in node.table) {
    const { name } = node.table.identifier
    return tableNames.has(name) ? name : 'other'
  }
  const next = node.into ?? node.from?.froms[0] ?? node.node ?? node.table
  return next !== undefined && 'kind' in next ? tableOf(next) : 'other'
}
