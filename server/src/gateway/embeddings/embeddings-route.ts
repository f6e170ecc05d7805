import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EmbeddingsAnswer } from 'reprise/embeddings'
import { readControls } from 'reprise/llm'
import { Type } from 'typebox'
import { problems } from '../../http/problem-schema.ts'
import { forwarding } from '../answers/forwarding.ts'
import type { Caller } from '../callers/callers.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { passThrough } from '../pass-through.ts'
import { leavingSignal } from '../requests/leaving.ts'
import { modelOf } from '../requests/model-name.ts'
import { headersForCaller } from '../upstream/relayed-headers.ts'

const textHeader = (description: string) => ({ type: 'string', description })

const answerDescription = {
  description:
    'Vectors in the order of the inputs. `usage` counts what was asked for now; what was kept costs nothing.',
  headers: {
    'x-reprise-cache': textHeader('hit, miss, coalesced or bypass.'),
    'x-reprise-reason': textHeader('Why: kept, absent, partial, refresh, in_flight, bypass or unreadable.'),
  },
  content: { 'application/json': { schema: Type.Any() } },
}

/** Embeddings, as OpenAI's: of a batch the upstream is asked only for the inputs that are not kept. */
export function embeddingsRoute(scope: FastifyInstance, parts: GatewayParts): void {
  scope.post(
    '/v1/embeddings',
    {
      config: { speaksToModels: true },
      schema: {
        tags: ['gateway'],
        operationId: 'createEmbedding',
        summary: 'Embeddings, as OpenAI’s',
        description: 'Texts or tokens, one or many; those whose vectors are kept go to no upstream.',
        response: {
          200: answerDescription,
          ...problems(
            ...(['body_too_large', 'invalid_control', 'not_authorized', 'identity_unavailable'] as const),
            ...(['embedding_failed', 'not_cached', 'overloaded'] as const),
            ...(['upstream_missing', 'upstream_timeout', 'upstream_unreachable', 'upstream_broken'] as const),
          ),
        },
      },
      serializerCompiler: () => String,
    },
    (request, reply) => answerCall(parts, request, reply),
  )
}

async function answerCall(parts: GatewayParts, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  // The parser of this scope answers bytes.
  const body = (request.body ?? Buffer.alloc(0)) as Uint8Array
  const { embeddings, callers, partitions, upstreams, client } = parts
  if (embeddings === undefined) return passThrough(parts, request, reply, body, 'disabled')
  const { headers, url } = request
  const caller = await callers.recognise(headers)
  const { mode, ttlMs, namespace } = readControls(headers)
  const model = upstreams.dependOnModel ? modelOf(body) : undefined
  const upstream = upstreams.choose(model)
  // An answer may be long in coming; the upstream's own limits end it.
  request.raw.socket.setTimeout(0)
  if (mode === 'only') reply.headers({ 'x-reprise-cache': 'miss', 'x-reprise-reason': 'only' })
  const answer = await embeddings.answer(
    {
      // A query such as ?api-version= may change what is answered.
      upstream: (upstream?.name ?? 'default') + new URL(url, 'http://localhost').search,
      tenant: partitions.of(caller, namespace),
      namespace,
      body,
      mode,
      ttlMs,
      signal: leavingSignal(reply),
    },
    forwarding({ client, caller, upstream, model, url, headers }),
  )
  account(parts, caller, answer)
  return send(answer, reply)
}

function send({ status, headers, body, state, reason }: EmbeddingsAnswer, reply: FastifyReply): FastifyReply {
  const relayed = headersForCaller({ ...headers })
  // The bytes are written, or were decoded, here.
  for (const name of ['content-length', 'content-encoding']) delete relayed[name]
  reply.code(status).headers({ ...relayed, 'x-reprise-cache': state, 'x-reprise-reason': reason })
  return reply.send(body instanceof Uint8Array ? body : Readable.from(body))
}

function account(
  { accounts, prices }: GatewayParts,
  caller: Caller,
  { state, status, outcome }: EmbeddingsAnswer,
): void {
  const { model, promptTokens, savedPromptTokens } = outcome
  const costOf = (tokens: number) =>
    tokens === 0 ? 0 : prices.costOf(model, { promptTokens: tokens, completionTokens: 0, cachedPromptTokens: 0 })
  const [costUsd, savedUsd] = [costOf(promptTokens), costOf(savedPromptTokens)]
  accounts.add(caller, model, {
    hits: state === 'hit' || state === 'coalesced' ? 1 : 0,
    misses: state === 'miss' ? 1 : 0,
    promptTokens,
    savedPromptTokens,
    costUsd: costUsd ?? 0,
    grossSavedUsd: savedUsd ?? 0,
    unpriced: status < 300 && (costUsd === undefined || savedUsd === undefined) ? 1 : 0,
  })
}
