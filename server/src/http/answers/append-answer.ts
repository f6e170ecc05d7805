import { RepriseError } from 'reprise'
import type { AppendAnswer } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { migrated, unknownConversation } from './conversation-problems.ts'

const savedFields = {
  message_id: Type.String({ format: 'uuid' }),
  conversation_id: Type.String({ format: 'uuid' }),
  stored_in: Type.Array(Type.Enum(['redis', 'memory', 'postgresql'] as const, { type: 'string' }), {
    description: 'Where the message was when this was answered.',
  }),
  sequence: Type.Integer({ description: 'Its place in the conversation, from 0 and without gaps.' }),
  replayed: Type.Boolean({ description: 'Whether the same idempotency key had stored it before.' }),
}

const example = {
  message_id: '019c1a5e-7a10-7000-8000-000000000000',
  conversation_id: '7d7c6a3e-3f4e-4d59-9d0b-0c5a3d4e5f60',
  stored_in: ['memory', 'postgresql'],
  sequence: 0,
  replayed: false,
}

export const SavedForGuest = Type.Object(
  { status: Type.Literal('saved'), guest_id: Type.String(), ...savedFields },
  { description: 'The message is stored.', examples: [{ status: 'saved', guest_id: 'web-7f3a', ...example }] },
)

export const SavedForUser = Type.Object(
  { status: Type.Literal('saved'), user_id: Type.String(), ...savedFields },
  { description: 'The message is stored.', examples: [{ status: 'saved', user_id: 'auth0|5f7c', ...example }] },
)

export type Saved = Omit<Static<typeof SavedForGuest>, 'guest_id'>

/** What an append came to, as the fields of its answer; what was not stored is thrown. */
export function savedFieldsOf(answer: AppendAnswer): Saved {
  switch (answer.kind) {
    case 'saved': {
      const { messageId, conversationId, sequence } = answer.place
      return {
        status: 'saved',
        message_id: messageId,
        conversation_id: conversationId,
        stored_in: [...answer.storedIn],
        sequence,
        replayed: answer.replayed,
      }
    }
    case 'key_conflict':
      throw new RepriseError(
        'idempotency_conflict',
        'This idempotency-key came before with another body. Send the first body again, or another key.',
        { field: 'idempotency-key' },
      )
    case 'over_quota':
      throw new RepriseError(
        'quota_exceeded',
        `The limit of ${answer.limit} messages a month is used up; it begins anew on the first of the month (UTC).`,
        { retryAfterSeconds: answer.retryAfterSeconds },
      )
    case 'migrated':
      throw migrated()
    case 'unknown_conversation':
      throw unknownConversation()
  }
}
