import { parseInstant, RepriseError, roles } from 'reprise'
import type { MessageDraft } from 'reprise/conversation'
import { type Static, Type } from 'typebox'

/** A message as a client sends it. */
export const MessageBody = Type.Object(
  {
    role: Type.Enum(roles, { type: 'string', description: 'Who speaks.', 'x-error-code': 'invalid_role' }),
    content: Type.String({
      description: 'What is said: not empty, without NUL and lone surrogates, at most MAX_MESSAGE_BYTES of UTF-8.',
    }),
    timestamp: Type.Optional(
      Type.String({
        description:
          'When it was said (ISO 8601; without an offset it counts as UTC). Left out, the server’s clock is used.',
        'x-error-code': 'invalid_timestamp',
      }),
    ),
  },
  { examples: [{ role: 'user', content: 'What is a cache?', timestamp: '2026-01-31T12:00:00Z' }] },
)

/**
 * Reads what a schema cannot tell.
 * @throws RepriseError `empty_content`, `invalid_content`, `content_too_large`, `invalid_timestamp`
 */
export function readMessage(body: Static<typeof MessageBody>, maxMessageBytes: number): MessageDraft {
  const { role, content, timestamp } = body
  if (content === '') throw refused('empty_content', 'content is empty; send at least one character.')
  if (content.includes('\u0000')) {
    throw refused('invalid_content', 'content contains NUL (U+0000), which cannot be stored; leave it out.')
  }
  if (!content.isWellFormed()) {
    throw refused('invalid_content', 'content contains half of a surrogate pair; send whole characters.')
  }
  // A UTF-16 unit takes three bytes of UTF-8 at most, so that short texts need no counting.
  const bytes = content.length * 3 > maxMessageBytes ? Buffer.byteLength(content) : 0
  if (bytes > maxMessageBytes) {
    throw refused('content_too_large', `content has ${bytes} bytes of UTF-8, but at most ${maxMessageBytes} are taken.`)
  }
  return { role, content, timestamp: timestamp === undefined ? undefined : parseInstant(timestamp) }
}

function refused(code: 'empty_content' | 'invalid_content' | 'content_too_large', message: string): RepriseError {
  return new RepriseError(code, message, { field: 'content' })
}
