import { roles } from 'reprise'
import type { RecallAnswer } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { migrated } from '../answers/conversation-problems.ts'

const exampleMessage = {
  score: 0.71,
  sequence: 4,
  message_id: '019c1a5e-7a10-7000-8000-000000000000',
  conversation_id: '7d7c6a3e-3f4e-4d59-9d0b-0c5a3d4e5f60',
  role: 'user' as const,
  content: 'My dog is called Rex.',
  timestamp: '2026-01-31T12:00:00.000Z',
}

export const Found = Type.Object(
  {
    messages: Type.Array(
      Type.Object({
        score: Type.Number({ description: 'The cosine between query and message, -1 to 1.' }),
        sequence: Type.Integer({ description: 'Its place in the conversation.' }),
        message_id: Type.String({ format: 'uuid' }),
        conversation_id: Type.String({ format: 'uuid' }),
        role: Type.Enum(roles, { type: 'string' }),
        content: Type.String(),
        timestamp: Type.String({ format: 'date-time' }),
      }),
      { description: 'The nearest first.' },
    ),
    searched: Type.Integer({ description: 'How many messages were compared.' }),
    pending: Type.Integer({
      description: 'How many messages still wait for their embedding and could not be found.',
    }),
    model: Type.String({ description: 'The embedding model; scores of two models do not compare.' }),
    query_truncated: Type.Boolean({ description: 'Whether the model read only the beginning of the query.' }),
  },
  {
    description: 'The messages that are nearest in meaning.',
    examples: [
      { messages: [exampleMessage], searched: 12, pending: 0, model: 'all-MiniLM-L6-v2', query_truncated: false },
    ],
  },
)

/** @throws RepriseError `guest_migrated` */
export function foundFieldsOf(answer: RecallAnswer): Static<typeof Found> {
  if (answer.kind === 'migrated') throw migrated()
  const { searched, pending, model, truncated } = answer
  const messages = answer.messages.map(message => ({
    score: message.score,
    sequence: message.sequence,
    message_id: message.messageId,
    conversation_id: message.conversationId,
    role: message.role,
    content: message.content,
    timestamp: message.timestamp,
  }))
  return { messages, searched, pending, model, query_truncated: truncated }
}
