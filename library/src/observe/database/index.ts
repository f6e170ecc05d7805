export type {
  AcquisitionOutcome,
  DatabaseEvents,
  PoolAlertKind,
  PoolLevel,
  StatementLabels,
} from '../../ports/database-events.ts'
export { databaseFamilies } from './metrics/database-families.ts'
export { type QueryErrorClass, queryErrorClass } from './metrics/query-error-class.ts'
export { type ObservePoolOptions, observePool, poolWarnings } from './observe-pool.ts'
export { type ObservableQueries, type ObserveQueriesOptions, observeQueries } from './observe-queries.ts'
export {
  type NoticedPoolAlerts,
  type NoticePoolAlertsOptions,
  noticePoolAlerts,
} from './pools/notice-pool-alerts.ts'
export type { PoolWarning } from './pools/pool-alerts.ts'
export type { MysqlPool, ObservablePool, PgPool, PoolDialect } from './pools/pool-kind.ts'
export { noticeSlowQueries, type SlowQueryOptions } from './queries/slow-queries.ts'
export { type Repository, type RepositoryPool, type RepositoryQuery, repository } from './repository.ts'
