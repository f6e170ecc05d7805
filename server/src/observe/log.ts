import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino'
import { safeError } from './safe-error.ts'

export interface LogOptions {
  readonly level: LoggerOptions['level'] & string
  /** Where the lines go; standard error by default, so that standard output is for people. */
  readonly destination?: DestinationStream
}

/** The log of the process: one JSON object a line. Errors under `err` or `error` lose all that could hold content. */
export function createLog({ level, destination = pino.destination(2) }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: label => ({ level: label }) },
    serializers: { err: error => safeError(error), error: error => (isName(error) ? error : safeError(error)) },
  }
  return pino(options, destination)
}

/** The caches log an error by its name alone. */
function isName(error: unknown): boolean {
  return typeof error === 'string' && /^[A-Z]\w{0,63}$/.test(error)
}
