import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A request that no client sent, and the response that nobody reads: for what the cache asks on its own account. */
export interface DetachedExchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const detached = new WeakSet<IncomingMessage>()

/** Whether a request was made here, which the cache must let through to the application. */
export function isDetached(request: IncomingMessage): boolean {
  return detached.has(request)
}

/** A GET of the same URL as another request, with some fields changed. */
export function detachedExchange(
  from: IncomingMessage,
  url: string,
  changes: Readonly<Record<string, string | undefined>>,
): DetachedExchange {
  // Nothing is read from it, and what is written goes nowhere: it is as much of a socket as applications look at.
  const socket = Object.assign(new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() }), {
    remoteAddress: from.socket.remoteAddress,
    encrypted: 'encrypted' in from.socket,
  }) as unknown as Socket
  const request = new IncomingMessage(socket)
  request.method = 'GET'
  request.url = url
  request.httpVersion = '1.1'
  request.httpVersionMajor = 1
  request.httpVersionMinor = 1
  request.headers = withChanges(from.headers, changes)
  request.rawHeaders = Object.entries(request.headers).flatMap(([name, value]) => [name, String(value)])
  request.push(null)
  detached.add(request)
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  return { request, response }
}

/** A request's fields, some of them changed; undefined takes one away. */
export function withChanges(
  fields: IncomingMessage['headers'],
  changes: Readonly<Record<string, string | undefined>>,
): IncomingMessage['headers'] {
  const changed = { ...fields, ...changes }
  for (const name of Object.keys(changed)) if (changed[name] === undefined) delete changed[name]
  return changed
}
