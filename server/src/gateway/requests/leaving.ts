import type { FastifyReply } from 'fastify'

/** Why work for a caller ends who has gone. */
const gone = new DOMException('The caller has gone.', 'AbortError')

/** Aborted when the caller's connection ends before its answer has. */
export function leavingSignal(reply: FastifyReply): AbortSignal {
  const leaving = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) leaving.abort(gone)
  })
  return leaving.signal
}
