import type { ConversationSummary } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { SavedForUser, savedFieldsOf } from './answers/append-answer.ts'
import {
  exportAnswer,
  historyAnswer,
  sendExport,
  sendPage,
  sendUserHistory,
  unknownConversation,
  wantsPage,
} from './answers/conversation-answers.ts'
import { type Auth, userOf } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { MessageBody, readMessage } from './requests/message-body.ts'
import {
  ConversationParameters,
  CursorQuery,
  IdempotencyHeader,
  parseConversationId,
  readIdempotencyKey,
} from './requests/parameters.ts'

export interface UserRoutesParts {
  readonly conversations: Pick<
    Conversations,
    'append' | 'page' | 'exportLines' | 'createConversation' | 'listConversations' | 'eraseConversation'
  >
  readonly auth: Auth
  readonly maxMessageBytes: number
}

const Summary = Type.Object({
  conversation_id: Type.String({ format: 'uuid' }),
  message_count: Type.Integer(),
  created_at: Type.String(),
  updated_at: Type.String(),
})

const NamedUser = Type.Object({
  user_id: Type.Optional(
    Type.String({
      description: 'Names the user where no credentials are configured; else the token does.',
      'x-error-code': 'invalid_user_id',
    }),
  ),
})

const listBounds = { 'x-error-code': 'invalid_cursor' }
const ListQuery = Type.Object({
  ...NamedUser.properties,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '20 when left out.', ...listBounds })),
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, ...listBounds })),
})
const UserCursorQuery = Type.Object({ ...NamedUser.properties, ...CursorQuery.properties })

const ConversationList = Type.Object({ conversations: Type.Array(Summary) }, { description: 'The last used first.' })
const ConversationErased = Type.Object(
  {
    status: Type.Literal('erased'),
    conversation_id: Type.String({ format: 'uuid' }),
    deleted_from: Type.Array(Type.String()),
    pending: Type.Array(Type.String()),
    rows: Type.Record(Type.String(), Type.Integer(), { description: 'Rows deleted, by table.' }),
  },
  { description: 'The conversation is gone.' },
)

const userProblems = ['invalid_user_id', 'not_authorized', 'database_unavailable', 'identity_unavailable'] as const
const conversationProblems = [...userProblems, 'invalid_conversation_id', 'conversation_unknown'] as const

/** The conversations of users: those that were theirs as guests, and new ones. */
export function userRoutes(server: HttpServer, { conversations, auth, maxMessageBytes }: UserRoutesParts): void {
  const tags = ['user conversations']
  const security = auth.usersAreNamed ? [] : [{ userToken: [] }]
  const preParsing = [...auth.user]
  const path = '/v1/users/me/conversations'

  server.get(
    path,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'List the conversations',
        querystring: ListQuery,
        response: { 200: ConversationList, ...problems(...userProblems, 'invalid_cursor') },
      },
    },
    async request => {
      const { limit = 20, offset = 0 } = request.query
      const listed = await conversations.listConversations(userOf(request), { limit, offset })
      return { conversations: listed.map(summaryOf) }
    },
  )

  server.post(
    path,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'Begin a conversation',
        querystring: NamedUser,
        response: { 201: Summary, ...problems(...userProblems) },
      },
    },
    async (request, reply) => {
      const created = await conversations.createConversation(userOf(request))
      return reply.code(201).header('location', `${path}/${created.conversationId}/messages`).send(summaryOf(created))
    },
  )

  server.delete(
    `${path}/:conversation_id`,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'Erase a conversation',
        params: ConversationParameters,
        querystring: NamedUser,
        response: { 200: ConversationErased, ...problems(...conversationProblems) },
      },
    },
    async request => {
      const conversationId = parseConversationId(request.params.conversation_id)
      const answer = await conversations.eraseConversation(userOf(request), conversationId)
      if (answer.kind === 'unknown') throw unknownConversation()
      return {
        status: 'erased' as const,
        conversation_id: conversationId,
        deleted_from: ['postgresql'],
        pending: [],
        rows: { ...answer.rows },
      }
    },
  )

  server.post(
    `${path}/:conversation_id/messages`,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'Append a message',
        params: ConversationParameters,
        querystring: NamedUser,
        headers: IdempotencyHeader,
        body: MessageBody,
        response: {
          200: SavedForUser,
          ...problems(
            ...(['invalid_json', 'invalid_utf8', 'nesting_too_deep', 'forbidden_key', 'invalid_body'] as const),
            ...(['invalid_role', 'empty_content', 'invalid_content', 'invalid_timestamp'] as const),
            ...(['invalid_idempotency_key', 'content_too_large', 'body_too_large'] as const),
            ...(['unsupported_media_type', 'idempotency_conflict', 'outcome_unknown', 'overloaded'] as const),
            ...conversationProblems,
          ),
        },
      },
    },
    async request => {
      const userId = userOf(request)
      const conversationId = parseConversationId(request.params.conversation_id)
      const key = readIdempotencyKey(request.raw)
      const draft = readMessage(request.body, maxMessageBytes)
      const saved = savedFieldsOf(await conversations.append({ kind: 'user', userId, conversationId }, draft, key))
      return { ...saved, user_id: userId }
    },
  )

  server.get(
    `${path}/:conversation_id/messages`,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'Read the messages',
        params: ConversationParameters,
        querystring: UserCursorQuery,
        response: {
          200: historyAnswer,
          ...problems(...conversationProblems, 'invalid_cursor', 'history_too_large'),
        },
      },
    },
    async (request, reply) => {
      const conversationId = parseConversationId(request.params.conversation_id)
      const conversation = { kind: 'user', userId: userOf(request), conversationId } as const
      if (wantsPage(request.query)) await sendPage(reply, conversations, conversation, request.query)
      else await sendUserHistory(reply, conversations, conversation)
      return reply
    },
  )

  server.get(
    `${path}/:conversation_id/export`,
    {
      preParsing,
      schema: {
        tags,
        security,
        summary: 'Download the messages as JSON lines',
        params: ConversationParameters,
        querystring: NamedUser,
        response: { 200: exportAnswer, ...problems(...conversationProblems) },
      },
    },
    async (request, reply) => {
      const conversationId = parseConversationId(request.params.conversation_id)
      await sendExport(reply, conversations, { kind: 'user', userId: userOf(request), conversationId })
      return reply
    },
  )
}

function summaryOf(summary: ConversationSummary): Static<typeof Summary> {
  return {
    conversation_id: summary.conversationId,
    message_count: summary.messageCount,
    created_at: summary.createdAt,
    updated_at: summary.updatedAt,
  }
}
