import { RepriseError } from 'reprise'

export function migrated(): RepriseError {
  return new RepriseError(
    'guest_migrated',
    'This guest has become a user; the conversation is found at /v1/users/me/conversations.',
    { field: 'guest_id' },
  )
}

export function unknownConversation(): RepriseError {
  return new RepriseError('conversation_unknown', 'No such conversation belongs to this user; list them first.', {
    field: 'conversation_id',
  })
}

export function historyTooLarge(): RepriseError {
  return new RepriseError(
    'history_too_large',
    'The history is too large for one answer; read it by ?after_seq=-1&limit=1000, then by next_after_seq.',
  )
}
