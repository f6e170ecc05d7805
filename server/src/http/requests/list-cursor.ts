import { type ConversationSummary, type ListPlace, parseInstant, RepriseError } from 'reprise'
import { parseConversationId } from './parameters.ts'

/** The cursor that goes on after this conversation. Callers hand it back as it is. */
export function listCursorAfter({ updatedAt, conversationId }: ConversationSummary): string {
  return Buffer.from(`${updatedAt} ${conversationId}`).toString('base64url')
}

/** @throws RepriseError `invalid_cursor` for anything that `listCursorAfter` did not make */
export function parseListCursor(text: string): ListPlace {
  const [updatedAt = '', conversationId = '', ...rest] = Buffer.from(text, 'base64url').toString('utf8').split(' ')
  try {
    if (rest.length > 0) throw new Error('a cursor has two parts')
    return { updatedAt: parseInstant(updatedAt), conversationId: parseConversationId(conversationId) }
  } catch (cause) {
    throw new RepriseError('invalid_cursor', 'after must be the next_after of an earlier page, as it came.', {
      field: 'after',
      cause,
    })
  }
}
