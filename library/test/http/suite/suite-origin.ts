import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerAsOrigin } from '../../../../testbed/http-cache-tests/origin.ts'

/**
 * The origin of `http-cache-tests` as an application within this process. Where it breaks off a connection, the
 * application breaks its response off: within one process there is no connection between them.
 */
export function answerWithin(request: IncomingMessage, response: ServerResponse): void {
  const socket = { destroy: () => response.destroy() }
  const seen = new Proxy(response, {
    get: (target, name) => {
      if (name === 'socket') return socket
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  })
  answerAsOrigin(request, seen)
}
