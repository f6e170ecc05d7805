import { type MetricFamily, operationSeconds } from '../../prometheus/metric-family.ts'

/** The families of databases: statements, connections, and what was noticed of them. */
export const databaseFamilies = {
  poolSize: {
    name: 'db_connection_pool_size',
    type: 'gauge',
    together: 'sum',
    labels: [],
    help: 'Connections that the database pools may open together.',
  },
  poolAvailable: {
    name: 'db_connection_pool_available',
    type: 'gauge',
    together: 'sum',
    labels: [],
    help: 'Connections of the database pools that could be taken now.',
  },
  poolSizeEach: {
    name: 'reprise_db_pool_size',
    type: 'gauge',
    together: 'sum',
    labels: ['pool'],
    help: 'Connections that one database pool may open.',
  },
  poolAvailableEach: {
    name: 'reprise_db_pool_available',
    type: 'gauge',
    together: 'sum',
    labels: ['pool'],
    help: 'Connections of one database pool that could be taken now.',
  },
  poolWaiting: {
    name: 'reprise_db_pool_waiting',
    type: 'gauge',
    together: 'sum',
    labels: ['pool'],
    help: 'Callers that wait for a connection of the pool.',
  },
  acquisitionSeconds: {
    name: 'reprise_db_pool_acquisition_duration_seconds',
    type: 'histogram',
    labels: ['pool'],
    help: 'Time until a caller had its connection, new connections included.',
    buckets: operationSeconds,
  },
  acquisitionTimeouts: {
    name: 'reprise_db_pool_acquisition_timeouts_total',
    type: 'counter',
    labels: ['pool'],
    help: 'Callers that waited in vain for a connection until their time was up.',
  },
  acquisitionFailures: {
    name: 'reprise_db_pool_acquisition_failures_total',
    type: 'counter',
    labels: ['pool', 'reason'],
    help: 'Callers refused for another reason: the queue is full (exhausted), the pool is closed, the server unreachable (failed).',
  },
  poolAlerts: {
    name: 'reprise_db_pool_alerts_total',
    type: 'counter',
    labels: ['pool', 'alert'],
    help: 'Times that a pool was found nearly used up (utilisation) or callers began to time out (acquisition_timeout).',
  },
  queries: {
    name: 'db_queries_total',
    type: 'counter',
    labels: ['query_type', 'table'],
    help: 'Database statements by kind and first table, failed ones included.',
  },
  querySeconds: {
    name: 'db_query_duration_seconds',
    type: 'histogram',
    labels: ['query_type', 'table'],
    help: 'Time of one database statement.',
    buckets: operationSeconds,
  },
  failedQueries: {
    name: 'reprise_db_query_failures_total',
    type: 'counter',
    labels: ['query_type', 'table'],
    help: 'Database statements that failed.',
  },
  queryErrors: {
    name: 'reprise_db_query_errors_total',
    type: 'counter',
    labels: ['class'],
    help: 'Failed statements by the class of their error, such as constraint, syntax, conflict, timeout, connection.',
  },
  queryRows: {
    name: 'reprise_db_query_rows_total',
    type: 'counter',
    labels: ['query_type', 'table'],
    help: 'Rows that statements answered or changed.',
  },
  slowQueries: {
    name: 'reprise_db_slow_queries_total',
    type: 'counter',
    labels: ['query_type', 'table'],
    help: 'Statements that took longer than the threshold for slow ones; each is logged, redacted.',
  },
} as const satisfies Readonly<Record<string, MetricFamily>>
