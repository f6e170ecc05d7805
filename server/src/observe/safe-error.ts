import { RepriseError } from 'reprise'

/** What a log line may say of an error. */
export interface SafeError {
  readonly name: string
  readonly code?: string
  /** PostgreSQL's five characters. */
  readonly sql_state?: string
  readonly message: string
  /** Where a defect was thrown; what was foreseen needs none. */
  readonly frames?: readonly string[]
  readonly cause?: SafeError
}

const maxMessage = 300
const maxFrames = 12
const maxCauses = 3

/**
 * Lets through of an error only what holds nobody's words: its name, codes, message and where it was thrown. Database
 * errors carry the statement and its values in further fields, and quote values in messages of class 22; JSON errors
 * quote the text.
 */
export function safeError(thrown: unknown, causes = maxCauses): SafeError {
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: 'something was thrown that is no Error' }
  const code = textOf(thrown, 'code')
  const sqlState = textOf(thrown, 'sqlState') ?? (code !== undefined && isSqlState(code) ? code : undefined)
  const foreseen = thrown instanceof RepriseError || sqlState !== undefined || isErrno(code)
  return {
    name: thrown.name,
    ...(code === undefined || code === sqlState ? {} : { code }),
    ...(sqlState === undefined ? {} : { sql_state: sqlState }),
    message: safeMessage(thrown, sqlState),
    ...(foreseen ? {} : { frames: framesOf(thrown) }),
    ...(thrown.cause === undefined || causes === 0 ? {} : { cause: safeError(thrown.cause, causes - 1) }),
  }
}

function safeMessage(error: Error, sqlState: string | undefined): string {
  const namesOnly = error instanceof RepriseError || (sqlState !== undefined && !sqlState.startsWith('22'))
  // From the first quotation mark to the last, because a quoted text may itself hold some.
  const message = namesOnly ? error.message : error.message.replace(/"[\s\S]*"|"[\s\S]*$/, '"…"')
  const withoutPasswords = message.replace(/:\/\/[^/@\s]*@/g, '://…@')
  return withoutPasswords.length > maxMessage ? `${withoutPasswords.slice(0, maxMessage)}…` : withoutPasswords
}

/** The lines of a stack without its head, which repeats the message. */
function framesOf(error: Error): readonly string[] {
  const lines = (error.stack ?? '').split('\n').filter(line => /^\s+at .*\d+:\d+\)?$/.test(line))
  return lines.slice(0, maxFrames).map(line => line.trim().slice(3))
}

function textOf(error: Error, field: string): string | undefined {
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' && /^\w{1,64}$/.test(value) ? value : undefined
}

function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code)
}

/** What the operating system says, such as ECONNREFUSED; Node's own codes hold underscores. */
function isErrno(code: string | undefined): boolean {
  return code !== undefined && /^E[A-Z0-9]+$/.test(code)
}
