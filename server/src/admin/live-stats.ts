import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { type Clock, RepriseError } from 'reprise'
import { Type } from 'typebox'
import type { Auth } from '../http/auth.ts'
import type { HttpServer } from '../http/http-server.ts'
import { problems } from '../http/problem-schema.ts'
import type { StatsSource } from './stats-answer.ts'

export interface LiveStatsParts {
  readonly stats: StatsSource
  readonly auth: Auth
  readonly clock: Clock
}

const everyMs = 2_000
/** Each listener costs an answer every two seconds. */
const mostListeners = 100

/** `GET /api/cache/live`: the answer of `/api/cache/stats`, again and again, as server-sent events. */
export function liveStatsRoute(server: HttpServer, { stats, auth, clock }: LiveStatsParts): void {
  const stopping = new AbortController()
  let listeners = 0
  server.addHook('preClose', async () => stopping.abort())

  async function* events(): AsyncGenerator<string> {
    listeners += 1
    try {
      while (!stopping.signal.aborted) {
        yield `event: stats\ndata: ${JSON.stringify(await stats())}\n\n`
        await clock.sleep(everyMs, stopping.signal)
      }
    } finally {
      listeners -= 1
    }
  }

  server.get(
    '/api/cache/live',
    {
      preParsing: [...auth.admin],
      schema: {
        tags: ['administration'],
        security: auth.admin.length === 0 ? [] : [{ adminKey: [] }],
        operationId: 'liveStats',
        summary: 'The figures as they change',
        description: 'Server-sent events named `stats`, every two seconds; each holds what /api/cache/stats answers.',
        response: {
          200: { description: 'Events.', content: { 'text/event-stream': { schema: Type.String() } } },
          ...problems('not_authorized', 'overloaded'),
        },
      },
    },
    async (_, reply) => {
      if (listeners >= mostListeners) throw tooManyListeners()
      send(reply, events())
      return reply
    },
  )
}

function send(reply: FastifyReply, events: AsyncIterable<string>): void {
  reply.type('text/event-stream').send(Readable.from(events))
}

function tooManyListeners(): RepriseError {
  return new RepriseError('overloaded', `${mostListeners} listeners have the live figures already; try again later.`, {
    retryAfterSeconds: 30,
  })
}
