import type { Message } from '../base/chat/message.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { ConversationCopies } from '../ports/chat/conversation-copies.ts'
import type { ConversationRef, ConversationStore } from '../ports/chat/conversation-store.ts'
import type { StoreName } from './conversation-events.ts'

export interface CursorQuery {
  /** Messages with a higher sequence are read; -1 reads from the start. */
  readonly afterSequence: number
  readonly limit: number
}

export interface PagedMessage extends Message {
  readonly sequence: number
  /** Absent where the page was read from a copy while PostgreSQL was away. */
  readonly messageId: string | undefined
}

export type PageAnswer =
  | {
      readonly kind: 'page'
      readonly messages: readonly PagedMessage[]
      /** Where to read on; undefined at the end. */
      readonly nextAfterSequence: number | undefined
      readonly source: StoreName
      readonly stale: boolean
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'migrated' }

/** A page ends before its contents pass this. */
const maxPageBytes = 8 * 1024 * 1024

/** Reads one page of a conversation from PostgreSQL; while it is away, a guest's from the copy. */
export async function readPage(
  store: ConversationStore,
  /** The copies, while they may answer without PostgreSQL. */
  copiesAlone: () => ConversationCopies | undefined,
  conversation: ConversationRef,
  query: CursorQuery,
): Promise<PageAnswer> {
  try {
    const page = await store.page(conversation, { ...query, maxBytes: maxPageBytes })
    if (page.kind !== 'page') return page
    return {
      kind: 'page',
      messages: page.messages,
      nextAfterSequence: nextOf(page.messages, page.nextSequence),
      source: 'postgresql',
      stale: false,
    }
  } catch (error) {
    const away = error instanceof RepriseError && error.code === 'database_unavailable'
    const copies = copiesAlone()
    const copy = away && conversation.kind === 'guest' ? await copyOf(copies, conversation) : undefined
    if (copies === undefined || copy === undefined) throw error
    // The copy holds what `historyJson` wrote.
    const all = JSON.parse(Buffer.from(copy.json).toString('utf8')) as Message[]
    const messages = all
      .map((message, sequence) => ({ ...message, sequence, messageId: undefined }))
      .slice(query.afterSequence + 1, query.afterSequence + 1 + query.limit)
    return { kind: 'page', messages, nextAfterSequence: nextOf(messages, all.length), source: copies.name, stale: true }
  }
}

async function copyOf(copies: ConversationCopies | undefined, conversation: ConversationRef & { kind: 'guest' }) {
  const read = copies?.isAvailable ? await copies.read([conversation.guestId]).catch(() => []) : []
  return read[0]
}

function nextOf(messages: readonly { readonly sequence: number }[], nextSequence: number): number | undefined {
  const last = messages.at(-1)
  return last === undefined || last.sequence + 1 >= nextSequence ? undefined : last.sequence
}
