import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RepriseError } from 'reprise'

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request came, by `performance.now()`. */
    beganAtMs: number
  }
}

import { causeCodeOf, statusOf } from './problem.ts'

/** What is written of requests: failures as errors, every request at debug level. Any pino logger will do. */
export interface RequestLog {
  isLevelEnabled(level: 'debug'): boolean
  debug(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** An answer that was given. */
export interface AnsweredRequest {
  readonly method: string
  /** The pattern of the path, never the path itself: a closed set, and nobody's id. */
  readonly route: string
  readonly status: number
  readonly durationMs: number
}

/** Writes a failure of ours. What callers sent, and who they are, stays out. */
export function logFailure(log: RequestLog, request: FastifyRequest, error: RepriseError): void {
  if (statusOf[error.code] < 500) return
  const fields = {
    request_id: request.id,
    method: request.method,
    route: routeOf(request),
    code: error.code,
    cause: causeCodeOf(error.cause),
    // A defect is found by its stack; what was foreseen needs none.
    stack: error.code === 'internal_error' ? stackOf(error) : undefined,
  }
  log.error(fields, 'a request failed')
}

export function answeredRequest(request: FastifyRequest, reply: FastifyReply): AnsweredRequest {
  return {
    method: request.method,
    route: routeOf(request),
    status: reply.statusCode,
    durationMs: performance.now() - request.beganAtMs,
  }
}

export function logAnswer(log: RequestLog, request: FastifyRequest, answer: AnsweredRequest): void {
  const { durationMs, ...fields } = answer
  log.debug({ request_id: request.id, ...fields, duration_ms: durationMs }, 'answered')
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown'
}

function stackOf(error: RepriseError): string | undefined {
  return error.cause instanceof Error ? error.cause.stack : error.stack
}
