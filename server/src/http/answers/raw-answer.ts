import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpServer } from '../http-server.ts'
import { commonHeaders } from './common-headers.ts'

type Headers = Readonly<Record<string, string>>

declare module 'fastify' {
  interface FastifyReply {
    /** Begins an answer past the framework. Whoever begins it writes its body, and ends it. */
    beginRaw(status: number, headers: Headers): ServerResponse
    /** Sends an answer past the framework whose body is known. */
    sendRaw(status: number, headers: Headers, body: Uint8Array): void
  }
}

export interface RawAnswers {
  /** For replies that come before the framework could give them their methods. */
  send(reply: FastifyReply, status: number, headers: Headers, body: Uint8Array): void
}

/** Up to here a body is sent as text: Node.js sends a text with the headers in one piece, and bytes as a second one. */
const shortBytes = 2_048

/**
 * Lets routes answer past the framework: what is sent most, what is refused, and what is streamed. There a header costs a
 * third as much, and a piece of a stream no buffers besides its own.
 * @param announce what the framework's hooks would have learned of the answer
 */
export function allowRawAnswers(
  server: HttpServer,
  announce: (request: FastifyRequest, reply: FastifyReply) => void,
): RawAnswers {
  function begin(reply: FastifyReply, status: number, headers: Headers, length?: number): ServerResponse {
    reply.code(status)
    announce(reply.request, reply)
    // What plugins have set, such as the headers that let web pages read the answer: texts, numbers and lists of texts.
    const plugins = reply.getHeaders() as OutgoingHttpHeaders
    const list = listOf(headers, commonHeaders(reply.request), plugins)
    if (length !== undefined) list.push('content-length', String(length))
    reply.hijack()
    return reply.raw.writeHead(status, list)
  }

  function send(reply: FastifyReply, status: number, headers: Headers, body: Uint8Array): void {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    const payload = bytes.length > shortBytes ? bytes : bytes.toString('latin1')
    begin(reply, status, headers, bytes.length).end(payload, 'latin1')
  }

  server.decorateReply('beginRaw', function beginRaw(status, headers) {
    return begin(this, status, headers)
  })
  server.decorateReply('sendRaw', function sendRaw(status, headers, body) {
    send(this, status, headers, body)
  })
  return { send }
}

/** Names and values in turn, as Node.js takes them. */
function listOf(own: Headers, common: Headers, plugins: OutgoingHttpHeaders): OutgoingHttpHeader[] {
  const list: OutgoingHttpHeader[] = []
  for (const name in own) list.push(name, own[name] ?? '')
  for (const name in common) if (own[name] === undefined) list.push(name, common[name] ?? '')
  for (const name in plugins) if (own[name] === undefined) list.push(name, plugins[name] ?? '')
  return list
}
