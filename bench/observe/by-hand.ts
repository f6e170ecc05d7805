import type mysql from 'mysql2/promise'
import type pg from 'pg'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What an application writes itself with prom-client to count a pool: gauges by the driver's events, a histogram around. */
export function poolByHand(pool: pg.Pool | mysql.Pool): { readonly acquired: (startedMs: number) => void } {
  const registers = [new Registry()]
  const size = new Gauge({ name: 'db_connection_pool_size', help: 'size', registers })
  const available = new Gauge({ name: 'db_connection_pool_available', help: 'available', registers })
  const seconds = new Histogram({ name: 'acquisition_seconds', help: 'time', labelNames: ['pool'], registers })
  size.set(10)
  available.set(10)
  const emitter: { on(event: string, listener: () => void): unknown } = pool
  emitter.on('acquire', () => available.dec())
  emitter.on('release', () => available.inc())
  return { acquired: startedMs => seconds.observe({ pool: 'bench' }, (performance.now() - startedMs) / 1000) }
}

/** What an application writes itself with prom-client to count statements, whose labels it knows. */
export function queriesByHand(): (startedMs: number) => void {
  const registers = [new Registry()]
  const labelNames = ['query_type', 'table']
  const total = new Counter({ name: 'db_queries_total', help: 'statements', labelNames, registers })
  const seconds = new Histogram({ name: 'db_query_duration_seconds', help: 'time', labelNames, registers })
  const labels = { query_type: 'SELECT', table: 'users' }
  return startedMs => {
    total.inc(labels)
    seconds.observe(labels, (performance.now() - startedMs) / 1000)
  }
}
