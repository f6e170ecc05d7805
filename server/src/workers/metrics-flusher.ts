import type { Clock, HourlyMetrics } from 'reprise'
import { startPeriodic, type Worker } from './periodic.ts'

export interface MetricsFlusherOptions {
  readonly metrics: HourlyMetrics
  readonly clock: Clock
  readonly onFailure: (error: unknown) => void
}

const everyMs = 1_000

/** Adds the hourly counts to the database every second, and for the last time when it is closed. */
export function startMetricsFlusher({ metrics, clock, onFailure }: MetricsFlusherOptions): Worker {
  const worker = startPeriodic({ everyMs, clock, onFailure, round: () => metrics.flush() })
  return {
    close: async () => {
      await worker.close()
      await metrics.close()
    },
  }
}
