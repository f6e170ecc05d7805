import { parseGuestId } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { Type } from 'typebox'
import { SavedForGuest, savedFieldsOf } from './answers/append-answer.ts'
import { GuestErased, receiptFieldsOf } from './answers/erase-answer.ts'
import { exportAnswer, type OnBroken, sendExport } from './answers/export-answer.ts'
import { historyAnswer, sendGuestHistory, sendPage, wantsPage } from './answers/history-answer.ts'
import type { Auth } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { MessageBody, readMessage } from './requests/message-body.ts'
import { refuseOverload } from './requests/overload.ts'
import { CursorQuery, GuestParameters, IdempotencyHeader, readIdempotencyKey } from './requests/parameters.ts'

export interface GuestRoutesParts {
  readonly conversations: Pick<
    Conversations,
    'append' | 'history' | 'isRefusing' | 'page' | 'exportLines' | 'erase' | 'registerGuest'
  >
  readonly auth: Auth
  readonly maxMessageBytes: number
  readonly onBroken: OnBroken
}

const IssuedGuest = Type.Object(
  {
    guest_id: Type.String(),
    secret: Type.String({ description: 'Shown once; only its hash is stored. Send it as x-guest-secret.' }),
  },
  {
    description: 'A guest was made up.',
    examples: [{ guest_id: 'g_0eXq…', secret: 'Yk3v…' }],
  },
)

/** The chat of guests: append, read, export, erase. */
export function guestRoutes(server: HttpServer, parts: GuestRoutesParts): void {
  const { conversations, auth, maxMessageBytes, onBroken } = parts
  const security = auth.guest.length === 0 ? [] : [{ guestSecret: [] }]
  const tags = ['guest chat']

  server.post(
    '/v1/guest',
    {
      schema: {
        tags,
        operationId: 'makeGuest',
        summary: 'Make up a guest with a secret',
        response: { 201: IssuedGuest, ...problems('database_unavailable') },
      },
    },
    async (_, reply) => {
      const { guestId, secret } = await conversations.registerGuest()
      return reply.code(201).send({ guest_id: guestId, secret })
    },
  )

  server.post(
    '/v1/guest/chat/:guest_id',
    {
      onRequest: refuseOverload(() => conversations.isRefusing('messages')),
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
        operationId: 'appendGuestMessage',
        summary: 'Append a message',
        description: 'Answered once the message is committed. The order of messages is the order of their commits.',
        params: GuestParameters,
        headers: IdempotencyHeader,
        body: MessageBody,
        response: {
          200: SavedForGuest,
          ...problems(
            ...(['invalid_json', 'invalid_utf8', 'nesting_too_deep', 'forbidden_key', 'invalid_body'] as const),
            ...(['invalid_guest_id', 'invalid_role', 'empty_content', 'invalid_content'] as const),
            ...(['invalid_timestamp', 'invalid_idempotency_key', 'guest_auth_failed', 'guest_migrated'] as const),
            ...(['content_too_large', 'body_too_large', 'unsupported_media_type', 'idempotency_conflict'] as const),
            ...(['quota_exceeded', 'database_unavailable', 'outcome_unknown', 'overloaded'] as const),
          ),
        },
      },
    },
    async request => {
      const guestId = parseGuestId(request.params.guest_id)
      const key = readIdempotencyKey(request.raw)
      const draft = readMessage(request.body, maxMessageBytes)
      const saved = savedFieldsOf(await conversations.append({ kind: 'guest', guestId }, draft, key))
      return { ...saved, guest_id: guestId }
    },
  )

  server.get(
    '/v1/guest/chat/:guest_id',
    {
      onRequest: refuseOverload(() => conversations.isRefusing('histories')),
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
        operationId: 'readGuestMessages',
        summary: 'Read the messages',
        description: 'The plain array; with after_seq or limit one page. A guest who never wrote has [].',
        params: GuestParameters,
        querystring: CursorQuery,
        response: {
          200: historyAnswer,
          ...problems(
            ...(['invalid_guest_id', 'invalid_cursor', 'guest_auth_failed', 'guest_migrated'] as const),
            ...(['history_too_large', 'database_unavailable', 'overloaded'] as const),
          ),
        },
      },
    },
    async (request, reply) => {
      const guestId = parseGuestId(request.params.guest_id)
      const { query } = request
      if (wantsPage(query)) await sendPage(reply, conversations, { kind: 'guest', guestId }, query)
      else sendGuestHistory(reply, await conversations.history(guestId))
      return reply
    },
  )

  server.get(
    '/v1/guest/chat/:guest_id/export',
    {
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
        operationId: 'exportGuestMessages',
        summary: 'Download the messages as JSON lines',
        params: GuestParameters,
        response: {
          200: exportAnswer,
          ...problems(
            ...(['invalid_guest_id', 'guest_auth_failed', 'guest_unknown', 'guest_migrated'] as const),
            'database_unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const guestId = parseGuestId(request.params.guest_id)
      await sendExport(reply, conversations, { kind: 'guest', guestId }, onBroken)
      return reply
    },
  )

  server.delete(
    '/v1/guest/chat/:guest_id',
    {
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
        operationId: 'eraseGuest',
        summary: 'Erase all that a guest said',
        params: GuestParameters,
        response: {
          200: GuestErased,
          ...problems('invalid_guest_id', 'guest_auth_failed', 'guest_migrated', 'database_unavailable'),
        },
      },
    },
    async request => {
      const guestId = parseGuestId(request.params.guest_id)
      return { guest_id: guestId, ...receiptFieldsOf(await conversations.erase(guestId)) }
    },
  )
}
