import type { ErrorCode } from './error-codes.ts'

export interface RepriseErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown
  /** The field, parameter, header or setting that is at fault. */
  readonly field?: string
  /** How long the caller should wait before trying again. */
  readonly retryAfterSeconds?: number
  /** Whether trying again with the same input cannot help. Default false. */
  readonly permanent?: boolean
}

/**
 * The one error class of Reprise. `code` is stable and made for programs, `message` is a sentence for people: it names
 * the field, what came, what was expected and what to do.
 *
 * @example
 * try { parseGuestId('a b') } catch (error) { if (error instanceof RepriseError) console.log(error.code) }
 */
export class RepriseError extends Error {
  override readonly name = 'RepriseError'
  readonly code: ErrorCode
  readonly field: string | undefined
  readonly retryAfterSeconds: number | undefined
  readonly permanent: boolean

  constructor(code: ErrorCode, message: string, options: RepriseErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.field = options.field
    this.retryAfterSeconds = options.retryAfterSeconds
    this.permanent = options.permanent ?? false
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
