import { parseGuestId } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { Type } from 'typebox'
import { SavedForGuest, savedFieldsOf } from './answers/append-answer.ts'
import {
  exportAnswer,
  historyAnswer,
  migrated,
  sendExport,
  sendGuestHistory,
  sendPage,
  wantsPage,
} from './answers/conversation-answers.ts'
import type { Auth } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { MessageBody, readMessage } from './requests/message-body.ts'
import { CursorQuery, GuestParameters, IdempotencyHeader, readIdempotencyKey } from './requests/parameters.ts'

export interface GuestRoutesParts {
  readonly conversations: Pick<Conversations, 'append' | 'history' | 'page' | 'exportLines' | 'erase' | 'registerGuest'>
  readonly auth: Auth
  readonly maxMessageBytes: number
}

const IssuedGuest = Type.Object(
  {
    guest_id: Type.String(),
    secret: Type.String({ description: 'Shown once; only its hash is stored. Send it as x-guest-secret.' }),
  },
  { description: 'A guest was made up.' },
)

const GuestErased = Type.Object(
  {
    status: Type.Literal('erased'),
    guest_id: Type.String(),
    deleted_from: Type.Array(Type.String()),
    pending: Type.Array(Type.String(), {
      description: 'What is away now; the deletion is carried out when it is back.',
    }),
    rows: Type.Record(Type.String(), Type.Integer(), { description: 'Rows deleted, by table.' }),
    copy_keys: Type.Integer({ description: 'Keys deleted from the fast copy.' }),
  },
  { description: 'All that the guest said is gone.' },
)

/** The chat of guests: append, read, export, erase. */
export function guestRoutes(server: HttpServer, { conversations, auth, maxMessageBytes }: GuestRoutesParts): void {
  const security = auth.guest.length === 0 ? [] : [{ guestSecret: [] }]
  const tags = ['guest chat']

  server.post(
    '/v1/guest',
    {
      schema: {
        tags,
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
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
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
      preParsing: [...auth.guest],
      schema: {
        tags,
        security,
        summary: 'Read the messages',
        description: 'The plain array; with after_seq or limit one page. A guest who never wrote has [].',
        params: GuestParameters,
        querystring: CursorQuery,
        response: {
          200: historyAnswer,
          ...problems(
            ...(['invalid_guest_id', 'invalid_cursor', 'guest_auth_failed', 'guest_migrated'] as const),
            ...(['history_too_large', 'database_unavailable'] as const),
          ),
        },
      },
    },
    async (request, reply) => {
      const guestId = parseGuestId(request.params.guest_id)
      const { query } = request
      if (wantsPage(query)) await sendPage(reply, conversations, { kind: 'guest', guestId }, query)
      else await sendGuestHistory(reply, conversations, guestId)
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
        summary: 'Download the messages as JSON lines',
        params: GuestParameters,
        response: {
          200: exportAnswer,
          ...problems(
            ...(['invalid_guest_id', 'guest_auth_failed', 'conversation_unknown', 'guest_migrated'] as const),
            'database_unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const guestId = parseGuestId(request.params.guest_id)
      await sendExport(reply, conversations, { kind: 'guest', guestId })
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
      const answer = await conversations.erase(guestId)
      if (answer.kind === 'migrated') throw migrated()
      return {
        status: 'erased' as const,
        guest_id: guestId,
        deleted_from: [...answer.deletedFrom],
        pending: [...answer.pending],
        rows: { ...answer.rows },
        copy_keys: answer.copyKeys,
      }
    },
  )
}
