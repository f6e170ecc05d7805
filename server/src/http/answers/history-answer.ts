import type { FastifyReply } from 'fastify'
import { type ConversationRef, historyJson, roles } from 'reprise'
import type { Conversations, HistoryAnswer } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import type { CursorQuery } from '../requests/parameters.ts'
import { historyTooLarge, migrated, unknownConversation } from './conversation-problems.ts'

const messageFields = {
  role: Type.Enum(roles, { type: 'string' }),
  content: Type.String(),
  timestamp: Type.String({ format: 'date-time' }),
}

export const History = Type.Array(Type.Object(messageFields), {
  description: 'All messages in order, when no cursor is given.',
  examples: [[{ role: 'user', content: 'What is a cache?', timestamp: '2026-01-31T12:00:00.000Z' }]],
})

const nullable = <Value>(type: string, description: string, format?: string) =>
  Type.Unsafe<Value | null>({ type: [type, 'null'], description, ...(format === undefined ? {} : { format }) })

export const MessagePage = Type.Object(
  {
    messages: Type.Array(
      Type.Object({
        sequence: Type.Integer({ description: 'Its place in the conversation, from 0 and without gaps.' }),
        message_id: nullable<string>('string', 'null where the page was read from a copy', 'uuid'),
        ...messageFields,
      }),
    ),
    next_after_seq: nullable<number>('integer', 'What to send as after_seq for the next page; null at the end.'),
  },
  {
    description: 'One page, when a cursor is given.',
    examples: [
      {
        messages: [
          {
            sequence: 0,
            message_id: '019c1a5e-7a10-7000-8000-000000000000',
            role: 'user',
            content: 'What is a cache?',
            timestamp: '2026-01-31T12:00:00.000Z',
          },
        ],
        next_after_seq: null,
      },
    ],
  },
)

/** The documented answer of a history, whole or by page. */
export const historyAnswer = {
  description: 'The messages in order.',
  headers: {
    'x-reprise-source': { type: 'string', description: 'Where they were found: redis, memory or postgresql.' },
    'x-reprise-stale': { type: 'string', description: 'true when PostgreSQL was away and a copy answered.' },
  },
  content: { 'application/json': { schema: Type.Union([History, MessagePage]) } },
}

/** What a user's whole history may have at most; a guest's bound stands with its copies. */
const maxHistoryMessages = 10_000
const defaultPageSize = 100
const jsonType = 'application/json; charset=utf-8'

export function wantsPage(query: Static<typeof CursorQuery>): boolean {
  return query.after_seq !== undefined || query.limit !== undefined
}

/** Answers one page. An unknown guest has said nothing; an unknown conversation of a user is refused. */
export async function sendPage(
  reply: FastifyReply,
  conversations: Pick<Conversations, 'page'>,
  conversation: ConversationRef,
  query: Static<typeof CursorQuery>,
): Promise<void> {
  const { after_seq = -1, limit = defaultPageSize } = query
  const answer = await conversations.page(conversation, { afterSequence: after_seq, limit })
  if (answer.kind === 'migrated') throw migrated()
  if (answer.kind === 'unknown' && conversation.kind === 'user') throw unknownConversation()
  const found =
    answer.kind === 'page' ? answer : { messages: [], nextAfterSequence: undefined, source: undefined, stale: false }
  const page: Static<typeof MessagePage> = {
    messages: found.messages.map(({ sequence, messageId, role, content, timestamp }) => ({
      sequence,
      message_id: messageId ?? null,
      role,
      content,
      timestamp,
    })),
    next_after_seq: found.nextAfterSequence ?? null,
  }
  if (found.source !== undefined) reply.header('x-reprise-source', found.source)
  if (found.stale) reply.header('x-reprise-stale', 'true')
  reply.type(jsonType).send(JSON.stringify(page))
}

/** Answers a guest's whole history: the very bytes that are kept. */
export function sendGuestHistory(reply: FastifyReply, answer: HistoryAnswer): void {
  switch (answer.kind) {
    case 'found': {
      const { json, source, stale } = answer
      const headers: Record<string, string> = { 'content-type': jsonType, 'x-reprise-source': source }
      if (stale) headers['x-reprise-stale'] = 'true'
      reply.sendRaw(200, headers, json)
      return
    }
    case 'empty':
      reply.type(jsonType).send('[]')
      return
    case 'migrated':
      throw migrated()
    case 'too_large':
      throw historyTooLarge()
  }
}

/** Answers the whole history of a user's conversation. */
export async function sendUserHistory(
  reply: FastifyReply,
  conversations: Pick<Conversations, 'page'>,
  conversation: ConversationRef,
): Promise<void> {
  const answer = await conversations.page(conversation, { afterSequence: -1, limit: maxHistoryMessages })
  if (answer.kind === 'migrated') throw migrated()
  if (answer.kind === 'unknown') throw unknownConversation()
  if (answer.nextAfterSequence !== undefined) throw historyTooLarge()
  reply.header('x-reprise-source', 'postgresql').type(jsonType).send(historyJson(answer.messages))
}
