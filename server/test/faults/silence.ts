import { setTimeout as sleep } from 'node:timers/promises'
import type { PostgresServer } from '../../../testbed/servers/postgres.ts'
import { sql } from '../contract/deployment.ts'

/** Keeps PostgreSQL from saying anything for a while: connections stay open, and new ones are taken by nobody. */
export async function silencePostgres(postgres: PostgresServer, durationMs: number): Promise<void> {
  const backends = await sql(postgres.url, 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()')
  const pids = [postgres.pid, ...backends.map(row => Number(row['pid']))]
  signal(pids, 'SIGSTOP')
  await sleep(durationMs)
  signal(pids, 'SIGCONT')
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name)
    } catch {
      // A backend that has ended meanwhile says nothing anyway.
    }
  }
}
