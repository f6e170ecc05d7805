import type { ConversationStore, GuestId, StoredMessage } from 'reprise'

const page = { limit: 1_000, maxBytes: 8 * 1024 * 1024 }

/** Everything that PostgreSQL has of a guest, in order; nothing of a guest that it does not know. */
export async function allMessages(
  store: ConversationStore,
  guestId: GuestId,
): Promise<readonly StoredMessage[] | 'migrated'> {
  const messages: StoredMessage[] = []
  for (;;) {
    const outcome = await store.page({ kind: 'guest', guestId }, { ...page, afterSequence: messages.length - 1 })
    if (outcome.kind === 'migrated') return 'migrated'
    if (outcome.kind === 'unknown' || outcome.messages.length === 0) return messages
    messages.push(...outcome.messages)
    if (messages.length >= outcome.nextSequence) return messages
  }
}
