import type { HookHandlerDoneFunction } from 'fastify'
import { RepriseError } from 'reprise'

/**
 * Refuses requests before anything of them is read, while more come than can be answered.
 * @param isRefusing asked for each request
 */
export function refuseOverload(isRefusing: () => boolean) {
  // One for all: a stack for each would cost more than the refusal.
  const refusal = new RepriseError(
    'overloaded',
    'More requests come than can be answered now; try again in a second.',
    {
      retryAfterSeconds: 1,
    },
  )
  return (_request: unknown, _reply: unknown, done: HookHandlerDoneFunction): void => {
    if (isRefusing()) done(refusal)
    else done()
  }
}
