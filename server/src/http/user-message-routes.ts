import type { Conversations } from 'reprise/conversation'
import { Type } from 'typebox'
import { SavedForUser, savedFieldsOf } from './answers/append-answer.ts'
import { exportAnswer, type OnBroken, sendExport } from './answers/export-answer.ts'
import { historyAnswer, sendPage, sendUserHistory, wantsPage } from './answers/history-answer.ts'
import { type Auth, userOf } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { MessageBody, readMessage } from './requests/message-body.ts'
import {
  ConversationParameters,
  CursorQuery,
  IdempotencyHeader,
  NamedUserQuery,
  parseConversationId,
  readIdempotencyKey,
} from './requests/parameters.ts'
import { conversationProblems } from './user-routes.ts'

export interface UserMessageRoutesParts {
  readonly conversations: Pick<Conversations, 'append' | 'page' | 'exportLines'>
  readonly auth: Auth
  readonly maxMessageBytes: number
  readonly onBroken: OnBroken
}

const UserCursorQuery = Type.Object({ ...NamedUserQuery.properties, ...CursorQuery.properties })

/** The messages of one conversation of a user. */
export function userMessageRoutes(server: HttpServer, parts: UserMessageRoutesParts): void {
  const { conversations, auth, maxMessageBytes, onBroken } = parts
  const tags = ['user conversations']
  const security = auth.usersAreNamed ? [] : [{ userToken: [] }]
  const preParsing = [...auth.user]
  const path = '/v1/users/me/conversations/:conversation_id'

  server.post(
    `${path}/messages`,
    {
      preParsing,
      schema: {
        tags,
        security,
        operationId: 'appendUserMessage',
        summary: 'Append a message',
        params: ConversationParameters,
        querystring: NamedUserQuery,
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
    `${path}/messages`,
    {
      preParsing,
      schema: {
        tags,
        security,
        operationId: 'readUserMessages',
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
    `${path}/export`,
    {
      preParsing,
      schema: {
        tags,
        security,
        operationId: 'exportConversation',
        summary: 'Download the messages as JSON lines',
        params: ConversationParameters,
        querystring: NamedUserQuery,
        response: { 200: exportAnswer, ...problems(...conversationProblems) },
      },
    },
    async (request, reply) => {
      const conversationId = parseConversationId(request.params.conversation_id)
      await sendExport(reply, conversations, { kind: 'user', userId: userOf(request), conversationId }, onBroken)
      return reply
    },
  )
}
