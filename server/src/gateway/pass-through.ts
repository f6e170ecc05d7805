import type { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayParts } from './gateway-parts.ts'
import { leavingSignal } from './requests/leaving.ts'
import { modelOf } from './requests/model-name.ts'
import { outgoingHeaders } from './upstream/outgoing-request.ts'
import { headersForCaller } from './upstream/relayed-headers.ts'
import { upstreamMissing } from './upstream/upstreams.ts'

/**
 * Asks the upstream as the caller asked, and answers as it answers: byte by byte, as they come, either way.
 * `reason` says why nothing was looked up.
 */
export async function passThrough(
  { callers, upstreams, client }: Pick<GatewayParts, 'callers' | 'upstreams' | 'client'>,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Uint8Array | Readable | undefined,
  reason: string,
): Promise<FastifyReply> {
  const caller = await callers.recognise(request.headers)
  const model = modelAsked(request, upstreams.dependOnModel && body instanceof Uint8Array ? body : undefined)
  const upstream = upstreams.choose(model)
  if (upstream === undefined) throw upstreamMissing(model)
  const headers = outgoingHeaders(request.url, request.headers, caller, upstream)
  // An answer may be long in coming; the upstream's own limit ends it.
  request.raw.socket.setTimeout(0)
  const answer = await client.call(upstream, {
    method: request.method,
    path: request.url,
    headers,
    body,
    signal: leavingSignal(reply),
  })
  reply.code(answer.status).headers(headersForCaller(answer.headers))
  reply.headers({ 'x-request-id': request.id, 'x-reprise-cache': 'bypass', 'x-reprise-reason': reason })
  return reply.send(answer.body)
}

/** The body's model, or the one of a path such as `/v1/models/gpt-5`. */
function modelAsked(request: FastifyRequest, body: Uint8Array | undefined): string | undefined {
  const inPath = /^\/v1\/models\/([^/?]+)/.exec(request.url)?.[1]
  if (inPath !== undefined) return decodeURIComponent(inPath)
  return body === undefined ? undefined : modelOf(body)
}
