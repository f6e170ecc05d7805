/** One family of metrics as `/metrics` shows it. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

const operationSeconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const batchSizes = [1, 2, 4, 8, 16, 32, 64, 128, 256]

/** Every family that Reprise exports. `docs/metrics.md` holds the same table; a test compares them. */
export const metricFamilies = {
  cacheOperations: {
    name: 'cache_operations_total',
    type: 'counter',
    labels: ['operation', 'result'],
    help: 'Cache operations by kind and result; errors are neither hits nor misses.',
  },
  cacheOperationSeconds: {
    name: 'cache_operation_duration_seconds',
    type: 'histogram',
    labels: ['operation'],
    help: 'Time of one cache operation.',
    buckets: operationSeconds,
  },
  cacheHitRate: {
    name: 'cache_hit_rate',
    type: 'gauge',
    labels: [],
    help: 'Percent of cache reads that hit since the process started; 0 before the first.',
  },
  cacheMemoryBytes: {
    name: 'cache_memory_usage_bytes',
    type: 'gauge',
    labels: [],
    help: 'Memory that the cache uses: used_memory of Redis, or the bytes kept in this process; absent while unknown.',
  },
  tierHits: {
    name: 'reprise_cache_hits_total',
    type: 'counter',
    labels: ['cache', 'tier'],
    help: 'Reads served, by the tier that served them.',
  },
  cacheMisses: {
    name: 'reprise_cache_misses_total',
    type: 'counter',
    labels: ['cache', 'reason'],
    help: 'Reads that no tier could serve, by reason; coalesced ones shared the load of another.',
  },
  cacheStaleServed: {
    name: 'reprise_cache_stale_served_total',
    type: 'counter',
    labels: ['cache', 'tier'],
    help: 'Of the reads served, those past their ttl, within their grace.',
  },
  tierKept: {
    name: 'reprise_cache_kept_total',
    type: 'counter',
    labels: ['cache', 'tier', 'outcome'],
    help: 'Entries offered to a tier by what became of them.',
  },
  cacheLoads: {
    name: 'reprise_cache_loads_total',
    type: 'counter',
    labels: ['cache', 'outcome'],
    help: 'Loaders that ran, by outcome.',
  },
  cacheLoadSeconds: {
    name: 'reprise_cache_load_duration_seconds',
    type: 'histogram',
    labels: ['cache'],
    help: 'Time that a loader took.',
    buckets: requestSeconds,
  },
  cacheEarlyRefreshes: {
    name: 'reprise_cache_early_refreshes_total',
    type: 'counter',
    labels: ['cache'],
    help: 'Entries loaded anew in the background before their ttl ended.',
  },
  cacheFencedFills: {
    name: 'reprise_cache_fenced_fills_total',
    type: 'counter',
    labels: ['cache'],
    help: 'Loaded values kept nowhere, because they were invalidated while they were loaded.',
  },
  cacheRemovals: {
    name: 'reprise_cache_evictions_total',
    type: 'counter',
    labels: ['cache', 'cause'],
    help: 'Entries that left memory, by cause: evicted because it was full, expired, deleted, replaced or cleared.',
  },
  cacheInvalidations: {
    name: 'reprise_cache_invalidations_total',
    type: 'counter',
    labels: ['cache', 'by'],
    help: 'Invalidations by tags, by a pattern, or of a whole namespace.',
  },
  cacheFailures: {
    name: 'reprise_cache_failures_total',
    type: 'counter',
    labels: ['cache', 'operation'],
    help: 'Calls that failed, failing loaders included.',
  },
  cacheUnreadable: {
    name: 'reprise_cache_unreadable_entries_total',
    type: 'counter',
    labels: ['cache', 'tier'],
    help: 'Entries that were corrupt, foreign or of another version, and read as misses.',
  },
  cacheBreakerOpen: {
    name: 'reprise_cache_breaker_open',
    type: 'gauge',
    labels: ['cache', 'tier'],
    help: 'Whether a shared tier is left out because it does not answer: 1 or 0.',
  },
  cacheBusListening: {
    name: 'reprise_cache_bus_listening',
    type: 'gauge',
    labels: ['cache'],
    help: 'Whether invalidations of other processes are heard: 1 or 0.',
  },
  cacheQueued: {
    name: 'reprise_cache_queued_invalidations',
    type: 'gauge',
    labels: ['cache'],
    help: 'Keys and marks that wait to be invalidated in a shared tier.',
  },
  cacheEntries: {
    name: 'reprise_cache_memory_entries',
    type: 'gauge',
    labels: ['cache'],
    help: 'Entries in memory.',
  },
  cacheBytes: {
    name: 'reprise_cache_memory_bytes',
    type: 'gauge',
    labels: ['cache'],
    help: 'Bytes that the entries in memory take, about.',
  },
  cacheWarmRuns: {
    name: 'reprise_cache_warm_runs_total',
    type: 'counter',
    labels: ['cache'],
    help: 'Runs that filled a cache ahead of its use.',
  },
  cacheWarmEntries: {
    name: 'reprise_cache_warm_entries_total',
    type: 'counter',
    labels: ['cache', 'result'],
    help: 'Entries of such runs, kept or failed.',
  },
  poolSize: {
    name: 'db_connection_pool_size',
    type: 'gauge',
    labels: [],
    help: 'Connections that the database pools may open together.',
  },
  poolAvailable: {
    name: 'db_connection_pool_available',
    type: 'gauge',
    labels: [],
    help: 'Connections of the database pools that could be taken now.',
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
  messagesSaved: {
    name: 'reprise_messages_saved_total',
    type: 'counter',
    labels: ['principal', 'kind'],
    help: 'Messages acknowledged, of a guest or a user: newly saved, or replayed under their idempotency key.',
  },
  messagesRefused: {
    name: 'reprise_messages_refused_total',
    type: 'counter',
    labels: ['reason'],
    help: 'Messages that were not saved, by reason.',
  },
  messageSeconds: {
    name: 'reprise_message_save_duration_seconds',
    type: 'histogram',
    labels: [],
    help: 'Time from a message that arrived to its acknowledgement.',
    buckets: requestSeconds,
  },
  messageCopies: {
    name: 'reprise_message_copies_total',
    type: 'counter',
    labels: ['result'],
    help: 'What became of the fast copy when a message was saved.',
  },
  batchMessages: {
    name: 'reprise_group_commit_messages',
    type: 'histogram',
    labels: [],
    help: 'Messages that one group commit stored together.',
    buckets: batchSizes,
  },
  batchSeconds: {
    name: 'reprise_group_commit_duration_seconds',
    type: 'histogram',
    labels: [],
    help: 'Time of one group commit in the database.',
    buckets: requestSeconds,
  },
  historyReads: {
    name: 'reprise_history_reads_total',
    type: 'counter',
    labels: ['source', 'outcome'],
    help: 'Reads of guest histories by outcome and by where the history was found.',
  },
  historySeconds: {
    name: 'reprise_history_read_duration_seconds',
    type: 'histogram',
    labels: ['source'],
    help: 'Time of one read of a guest history.',
    buckets: operationSeconds,
  },
  staleServed: {
    name: 'reprise_stale_served_total',
    type: 'counter',
    labels: [],
    help: 'Histories served from the fast copy while the database was away.',
  },
  erased: {
    name: 'reprise_erased_total',
    type: 'counter',
    labels: ['copy'],
    help: 'Guests and conversations erased; copy is pending where the fast copy was away.',
  },
  migrated: {
    name: 'reprise_guests_migrated_total',
    type: 'counter',
    labels: [],
    help: 'Guests that became users.',
  },
  sideTaskFailures: {
    name: 'reprise_side_task_failures_total',
    type: 'counter',
    labels: ['task'],
    help: 'Work beside the chat that failed without failing the chat.',
  },
  copyAvailable: {
    name: 'reprise_copy_available',
    type: 'gauge',
    labels: [],
    help: 'Whether the fast copy of the conversations can be reached: 1 or 0.',
  },
  embeddings: {
    name: 'reprise_embeddings_total',
    type: 'counter',
    labels: ['result'],
    help: 'Embeddings of messages: stored, a try that failed, or given up (dead).',
  },
  outboxPending: {
    name: 'reprise_outbox_pending',
    type: 'gauge',
    labels: [],
    help: 'Messages that wait for their embedding.',
  },
  outboxDead: {
    name: 'reprise_outbox_dead',
    type: 'gauge',
    labels: [],
    help: 'Messages whose embedding was given up; reprise outbox redrive tries them again.',
  },
  outboxAge: {
    name: 'reprise_outbox_oldest_seconds',
    type: 'gauge',
    labels: [],
    help: 'Age of the oldest message that waits for its embedding; 0 when none waits.',
  },
  metricsDropped: {
    name: 'reprise_metrics_dropped_total',
    type: 'counter',
    labels: [],
    help: 'Requests whose hourly counts were lost because the database was away for longer than the buffer lasts.',
  },
  metricsFlushFailures: {
    name: 'reprise_metrics_flush_failures_total',
    type: 'counter',
    labels: [],
    help: 'Failed attempts to add the hourly counts to the database; the counts are kept and tried again.',
  },
  httpRequests: {
    name: 'reprise_http_requests_total',
    type: 'counter',
    labels: ['method', 'route', 'status'],
    help: 'HTTP requests answered, by route pattern.',
  },
  httpSeconds: {
    name: 'reprise_http_request_duration_seconds',
    type: 'histogram',
    labels: ['method', 'route'],
    help: 'Time of one HTTP request, from its headers to the end of the answer.',
    buckets: requestSeconds,
  },
} as const satisfies Readonly<Record<string, MetricFamily>>
