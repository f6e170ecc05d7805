export { type PostgresAnswers, type PostgresAnswersOptions, postgresAnswers } from './answers/answer-store.ts'
export { postgresChatReports } from './chat-reports.ts'
export { postgresConversationStore } from './conversation-store.ts'
export type {
  Database,
  DatabaseEvents,
  Statement,
  StatementLabels,
  StatementResult,
  Transaction,
} from './database.ts'
export { postgresHourlyMetrics } from './hourly-metrics.ts'
export {
  type MigrateOptions,
  type MigrateOutcome,
  type MigrationFile,
  type MigrationState,
  migrate,
  migrationState,
} from './migrate.ts'
export { postgresOutbox } from './outbox.ts'
export { connectPostgres, type PostgresOptions } from './pg/postgres-database.ts'
export { postgresRecallStore } from './recall-store.ts'
export { sharedSecret } from './shared-secret.ts'
export { StatementError } from './statement-error.ts'
export { postgresUsage } from './usage.ts'
