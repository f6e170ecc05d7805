import type { IncomingMessage } from 'node:http'
import { type ConversationId, RepriseError } from 'reprise'
import { Type } from 'typebox'

export const GuestParameters = Type.Object({
  guest_id: Type.String({
    description: 'The guest: 1 to 128 of the characters A-Z a-z 0-9 _ . : -',
    pattern: '^[A-Za-z0-9_.:-]{1,128}$',
    examples: ['web-7f3a'],
  }),
})

export const ConversationParameters = Type.Object({
  conversation_id: Type.String({ description: 'One of the user’s conversations.', format: 'uuid' }),
})

export const NamedUserQuery = Type.Object({
  user_id: Type.Optional(
    Type.String({
      description: 'Names the user where no credentials are configured; else the token does.',
      'x-error-code': 'invalid_user_id',
    }),
  ),
})

/** With one of these a history is read page by page. */
export const CursorQuery = Type.Object({
  after_seq: Type.Optional(
    Type.Integer({
      description: 'Answer messages with a higher sequence; -1 starts at the first one.',
      minimum: -1,
      maximum: Number.MAX_SAFE_INTEGER,
      'x-error-code': 'invalid_cursor',
    }),
  ),
  limit: Type.Optional(
    Type.Integer({
      description: 'At most this many messages; 100 when left out.',
      minimum: 1,
      maximum: 1000,
      'x-error-code': 'invalid_cursor',
    }),
  ),
})

export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'Sent again with the same key (kept 7 days) and body, a message is stored once and answered alike. 1 to 255 printable ASCII characters.',
      pattern: '^[ -~]{1,255}$',
    }),
  ),
})

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** @throws RepriseError `invalid_conversation_id` */
export function parseConversationId(text: string): ConversationId {
  if (uuidPattern.test(text)) return text.toLowerCase() as ConversationId
  throw new RepriseError(
    'invalid_conversation_id',
    `conversation_id must be a UUID, but a text of ${text.length} characters came.`,
    { field: 'conversation_id' },
  )
}

/**
 * The key under which a repeated append is known.
 * @throws RepriseError `invalid_idempotency_key` for an empty, overlong or repeated one
 */
export function readIdempotencyKey(request: IncomingMessage): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  // Node.js joins repeated lines by a comma, which a single key may contain as well.
  const isSingle = typeof key === 'string' && (!key.includes(',') || isOneLine(request))
  if (isSingle && /^[ -~]{1,255}$/.test(key)) return key
  throw new RepriseError(
    'invalid_idempotency_key',
    'The header idempotency-key must be given once, as 1 to 255 printable ASCII characters, such as a UUID.',
    { field: 'idempotency-key' },
  )
}

function isOneLine(request: IncomingMessage): boolean {
  return request.headersDistinct['idempotency-key']?.length === 1
}
