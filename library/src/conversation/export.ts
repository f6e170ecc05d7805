import { RepriseError } from '../base/reprise-error.ts'
import type {
  ConversationRef,
  ConversationStore,
  PageOutcome,
  StoredMessage,
} from '../ports/chat/conversation-store.ts'

/** One page of an export: bounds what is held in memory. */
const pageQuery = { limit: 1_000, maxBytes: 4 * 1024 * 1024 }

/**
 * Writes a conversation out as JSON lines, one message a line, page by page. The first page is read before this
 * resolves, so that an unknown conversation is told before anything is sent.
 * @throws RepriseError `conversation_unknown`, `guest_unknown`, `guest_migrated`
 */
export async function exportConversation(
  store: ConversationStore,
  conversation: ConversationRef,
): Promise<AsyncIterable<string>> {
  const first = await pageAfter(-1)
  return lines()

  async function pageAfter(afterSequence: number) {
    return expectPage(conversation, await store.page(conversation, { ...pageQuery, afterSequence }))
  }

  async function* lines(): AsyncGenerator<string> {
    let page = first
    const epoch = first.epoch
    while (page.messages.length > 0 && page.epoch === epoch) {
      yield page.messages.map(exportLine).join('')
      const last = page.messages.at(-1)
      if (last === undefined || last.sequence + 1 >= page.nextSequence) return
      page = await pageAfter(last.sequence)
    }
  }
}

function expectPage(conversation: ConversationRef, outcome: PageOutcome) {
  if (outcome.kind === 'page') return outcome
  if (outcome.kind === 'migrated')
    throw new RepriseError('guest_migrated', 'This guest has become a user; export the conversation there.', {
      field: 'guest_id',
    })
  if (conversation.kind === 'guest')
    throw new RepriseError('guest_unknown', 'This guest has said nothing yet.', { field: 'guest_id' })
  throw new RepriseError('conversation_unknown', 'There is no such conversation to export.', {
    field: 'conversation_id',
  })
}

function exportLine(message: StoredMessage): string {
  const { sequence, messageId, role, content, timestamp } = message
  return `${JSON.stringify({ sequence, message_id: messageId, role, content, timestamp })}\n`
}
