/**
 * How PostgreSQL is started: alone, without helpers, thrifty with memory, and durable. PGlite's own list has `-F`,
 * which turns fsync off.
 */
export const startParameters: readonly string[] = [
  '--single',
  '-j', // a newline does not end a statement
  ...settings({
    search_path: 'public',
    exit_on_error: 'false',
    fsync: 'on',
    // The only method that reaches our file system.
    wal_sync_method: 'fsync',
    io_method: 'sync',
    max_worker_processes: '0',
    max_parallel_workers: '0',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    shared_buffers: '16MB',
    wal_buffers: '1MB',
    work_mem: '4MB',
    maintenance_work_mem: '16MB',
    max_connections: '2',
    max_wal_senders: '0',
    // What is logged must not hold statements, which hold values.
    log_min_messages: 'fatal',
    log_min_error_statement: 'panic',
    log_checkpoints: 'false',
    // How many old files of the log are kept for reuse; new ones are begun at a checkpoint of ours.
    min_wal_size: '48MB',
    max_wal_size: '64MB',
  }),
]

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
