import type { EraseAnswer, EraseConversationAnswer } from 'reprise/conversation'
import { type Static, Type } from 'typebox'
import { migrated, unknownConversation } from './conversation-problems.ts'

const receiptFields = {
  status: Type.Literal('erased'),
  deleted_from: Type.Array(Type.String()),
  pending: Type.Array(Type.String(), {
    description: 'What is away now; the deletion is carried out when it is back.',
  }),
  rows: Type.Record(Type.String(), Type.Integer(), { description: 'Rows deleted, by table.' }),
  copy_keys: Type.Integer({ description: 'Keys deleted from the fast copy.' }),
}

const example = {
  status: 'erased',
  deleted_from: ['memory', 'postgresql'],
  pending: [],
  rows: { conversation_cache: 1, message_cache: 2 },
  copy_keys: 1,
}

export const GuestErased = Type.Object(
  { guest_id: Type.String(), ...receiptFields },
  { description: 'All that the guest said is gone.', examples: [{ guest_id: 'web-7f3a', ...example }] },
)

export const ConversationErased = Type.Object(
  { conversation_id: Type.String({ format: 'uuid' }), ...receiptFields },
  {
    description: 'The conversation is gone.',
    examples: [
      {
        conversation_id: '7d7c6a3e-3f4e-4d59-9d0b-0c5a3d4e5f60',
        ...example,
        deleted_from: ['postgresql'],
        copy_keys: 0,
      },
    ],
  },
)

/** What erasing came to, as the fields of its receipt; what was not erased is thrown. */
export function receiptFieldsOf(
  answer: EraseAnswer | EraseConversationAnswer,
): Omit<Static<typeof GuestErased>, 'guest_id'> {
  if (answer.kind === 'migrated') throw migrated()
  if (answer.kind === 'unknown') throw unknownConversation()
  // Users' conversations have no fast copy.
  const { rows, deletedFrom, pending, copyKeys } = {
    deletedFrom: ['postgresql'],
    pending: [],
    copyKeys: 0,
    ...answer,
  }
  return {
    status: 'erased',
    deleted_from: [...deletedFrom],
    pending: [...pending],
    rows: { ...rows },
    copy_keys: copyKeys,
  }
}
