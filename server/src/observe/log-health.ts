import type { Logger } from 'pino'
import type { HealthChange } from './health.ts'

/** Writes when something begins to be the matter, and when it is over. */
export function logHealth(log: Logger): (change: HealthChange) => void {
  return ({ condition, severity, kind, advice }) => {
    if (kind === 'ended') log.info({ condition }, 'well again')
    else if (severity === 'unhealthy') log.error({ condition }, advice)
    else log.warn({ condition }, advice)
  }
}
