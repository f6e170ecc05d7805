export { loadPostgresParser } from './postgres-parser.ts'
export { readStatement } from './read-statement.ts'
export { redact } from './redact.ts'
export type {
  NamedTables,
  QueryType,
  SqlDialect,
  StatementPart,
  StatementReading,
  TransactionControl,
} from './statement.ts'
