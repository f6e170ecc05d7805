import type { ConversationSummary } from 'reprise'
import type { Conversations } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { ConversationErased, receiptFieldsOf } from './answers/erase-answer.ts'
import { type Auth, userOf } from './auth.ts'
import type { HttpServer } from './http-server.ts'
import { problems } from './problem-schema.ts'
import { listCursorAfter, parseListCursor } from './requests/list-cursor.ts'
import { ConversationParameters, NamedUserQuery, parseConversationId } from './requests/parameters.ts'

export interface UserRoutesParts {
  readonly conversations: Pick<Conversations, 'createConversation' | 'listConversations' | 'eraseConversation'>
  readonly auth: Auth
}

const exampleSummary = {
  conversation_id: '7d7c6a3e-3f4e-4d59-9d0b-0c5a3d4e5f60',
  message_count: 0,
  created_at: '2026-01-31T12:00:00.000Z',
  updated_at: '2026-01-31T12:00:00.000Z',
}
const Summary = Type.Object(
  {
    conversation_id: Type.String({ format: 'uuid' }),
    message_count: Type.Integer(),
    created_at: Type.String(),
    updated_at: Type.String(),
  },
  { description: 'A conversation of the user.', examples: [exampleSummary] },
)

const listBounds = { 'x-error-code': 'invalid_cursor' }
const ListQuery = Type.Object({
  ...NamedUserQuery.properties,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: '20 when left out.', ...listBounds })),
  after: Type.Optional(
    Type.String({
      description:
        'Goes on after an earlier page: its `next_after`. None comes twice; what is used meanwhile moves to the front.',
      maxLength: 200,
      ...listBounds,
    }),
  ),
  offset: Type.Optional(
    Type.Integer({
      description: 'Passes over so many. The list shifts when conversations are used meanwhile; `after` does not.',
      minimum: 0,
      maximum: 1_000_000,
      ...listBounds,
    }),
  ),
})

const ConversationList = Type.Object(
  {
    conversations: Type.Array(Summary),
    next_after: Type.Union([Type.String(), Type.Null()], {
      description: 'Where the next page begins; null at the end.',
    }),
  },
  { description: 'The last used first.', examples: [{ conversations: [exampleSummary], next_after: null }] },
)
/** What the routes of users may be refused with. */
export const userProblems = [
  'invalid_user_id',
  'not_authorized',
  'database_unavailable',
  'identity_unavailable',
] as const
export const conversationProblems = [...userProblems, 'invalid_conversation_id', 'conversation_unknown'] as const

/** The conversations of users: those that were theirs as guests, and new ones. */
export function userRoutes(server: HttpServer, { conversations, auth }: UserRoutesParts): void {
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
        operationId: 'listConversations',
        summary: 'List the conversations',
        querystring: ListQuery,
        response: { 200: ConversationList, ...problems(...userProblems, 'invalid_cursor') },
      },
    },
    async request => {
      const { limit = 20, offset = 0, after: cursor } = request.query
      const after = cursor === undefined ? undefined : parseListCursor(cursor)
      // One more tells whether there is another page.
      const found = await conversations.listConversations(userOf(request), { limit: limit + 1, offset, after })
      const listed = found.slice(0, limit)
      const last = found.length > limit ? listed.at(-1) : undefined
      return { conversations: listed.map(summaryOf), next_after: last === undefined ? null : listCursorAfter(last) }
    },
  )

  server.post(
    path,
    {
      preParsing,
      schema: {
        tags,
        security,
        operationId: 'beginConversation',
        summary: 'Begin a conversation',
        querystring: NamedUserQuery,
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
        operationId: 'eraseConversation',
        summary: 'Erase a conversation',
        params: ConversationParameters,
        querystring: NamedUserQuery,
        response: { 200: ConversationErased, ...problems(...conversationProblems) },
      },
    },
    async request => {
      const conversationId = parseConversationId(request.params.conversation_id)
      const answer = await conversations.eraseConversation(userOf(request), conversationId)
      return { conversation_id: conversationId, ...receiptFieldsOf(answer) }
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
