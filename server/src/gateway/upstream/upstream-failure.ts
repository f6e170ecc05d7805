import { messageOf, RepriseError } from 'reprise'
import { errors } from 'undici'
import type { Upstream } from './upstreams.ts'

/** What a broken call to an upstream is to its caller. The address stays out: it may be of the inside. */
export function upstreamFailure(error: unknown, { name }: Upstream): RepriseError {
  if (isSilence(error)) return silent(error, name)
  const message = `The upstream ${name} cannot be reached or broke off (${reasonOf(error)}).`
  return new RepriseError('upstream_unreachable', message, { cause: error })
}

/** The same for an answer that had begun. */
export function answerFailure(error: unknown, { name }: Upstream): RepriseError {
  if (isSilence(error)) return silent(error, name)
  const message = `The answer of the upstream ${name} broke off before its end (${reasonOf(error)}).`
  return new RepriseError('upstream_broken', message, { cause: error })
}

function isSilence(error: unknown): boolean {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError
}

function silent(error: unknown, name: string): RepriseError {
  const message = `The upstream ${name} was silent for longer than it may be.`
  return new RepriseError('upstream_timeout', message, { cause: error })
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : messageOf(error)
}
