import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { LlmRoute } from 'reprise'
import { readControls } from 'reprise/llm'
import { Type } from 'typebox'
import { problems } from '../../http/problem-schema.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { passThrough } from '../pass-through.ts'
import { modelOf } from '../requests/model-name.ts'
import { forwarding } from './forwarding.ts'
import { ModelCall } from './model-call.ts'
import { sendAnswer } from './send-answer.ts'

interface AnswerRoute {
  readonly route: LlmRoute
  readonly operationId: string
  readonly summary: string
}

const routes: readonly AnswerRoute[] = [
  { route: 'chat/completions', operationId: 'createChatCompletion', summary: 'Chat completions, as OpenAI’s' },
  { route: 'responses', operationId: 'createResponse', summary: 'Responses, as OpenAI’s' },
  { route: 'messages', operationId: 'createMessage', summary: 'Messages, as Anthropic’s' },
]

const refusals = problems(
  ...(['body_too_large', 'invalid_control', 'not_authorized', 'identity_unavailable'] as const),
  ...(['upstream_missing', 'upstream_timeout', 'upstream_unreachable', 'upstream_broken'] as const),
)

/** The routes whose answers are kept. */
export function answerRoutes(scope: FastifyInstance, parts: GatewayParts): void {
  for (const { route, operationId, summary } of routes) {
    scope.post(
      `/v1/${route}`,
      {
        config: { speaksToModels: true },
        schema: {
          tags: ['gateway'],
          operationId,
          summary,
          description: 'The body goes to the upstream as it is, unless its answer is kept.',
          response: { 200: answerDescription, ...refusals },
        },
        serializerCompiler: () => String,
      },
      (request, reply) => answerCall(route, parts, request, reply),
    )
  }
}

const textHeader = (description: string) => ({ type: 'string', description })

const answerDescription = {
  description: 'The answer of the upstream, or the one that was kept: JSON, or events where a stream was asked for.',
  headers: {
    'x-reprise-cache': textHeader('hit, miss, coalesced or bypass.'),
    'x-reprise-reason': textHeader('Why: where it was found, or why it was not.'),
    'x-reprise-key': textHeader('Names the answer, for feedback and invalidation.'),
    age: textHeader('Of a hit: how old it is, in seconds.'),
  },
  content: {
    'application/json': { schema: Type.Any() },
    'text/event-stream': { schema: Type.String() },
  },
}

async function answerCall(
  route: LlmRoute,
  parts: GatewayParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // The parser of this scope answers bytes.
  const body = (request.body ?? Buffer.alloc(0)) as Uint8Array
  const { llm, callers, partitions, upstreams, accounts } = parts
  if (llm === undefined) return passThrough(parts, request, reply, body, 'disabled')
  const { headers } = request
  const recognised = callers.recognise(headers)
  const caller = recognised instanceof Promise ? await recognised : recognised
  const controls = readControls(headers)
  const model = upstreams.dependOnModel ? modelOf(body) : undefined
  const upstream = upstreams.choose(model)
  const answer = await llm.answer(
    new ModelCall(
      {
        route,
        // A query such as ?api-version= may change what is answered.
        upstream: (upstream?.name ?? 'default') + queryOf(request.url),
        tenant: partitions.of(caller, controls.namespace),
        body,
        headers,
        controls,
      },
      reply,
    ),
    forwarding({ client: parts.client, caller, upstream, model, url: request.url, headers }),
  )
  void answer.done.then(outcome => accounts.record(caller, outcome))
  return sendAnswer(answer, reply)
}

function queryOf(url: string): string {
  const at = url.indexOf('?')
  return at < 0 ? '' : url.slice(at)
}
