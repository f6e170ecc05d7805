import type { ConversationStore } from '../../ports/chat/conversation-store.ts'
import { appendBatch } from './conversation-store/append-batch.ts'
import {
  forgetCopyDeletions,
  forgetIdempotencyKeys,
  idleGuests,
  pendingCopyDeletions,
  reopenCopyDeletions,
  settleCopyDeletions,
} from './conversation-store/debts.ts'
import { eraseConversation, eraseGuest } from './conversation-store/erase.ts'
import { readFences } from './conversation-store/fences.ts'
import { registerGuest, secretHash } from './conversation-store/guest-secrets.ts'
import { migrateGuest } from './conversation-store/migrate-guest.ts'
import { readPage } from './conversation-store/page.ts'
import { markConversationSynced, markSynced, unsyncedGuests } from './conversation-store/sync-marks.ts'
import { createConversation, listConversations } from './conversation-store/user-conversations.ts'
import type { Database } from './database.ts'

/**
 * Conversations in PostgreSQL, embedded or real, over the tables that `migrate` lays down.
 * @example
 * await migrate(database)
 * const store = postgresConversationStore(database)
 */
export function postgresConversationStore(database: Database): ConversationStore {
  const [appends, fences] = [database.lane(), database.lane()]
  return {
    append: (batch, settings) => appendBatch(appends, batch, settings),
    fences: guestIds => readFences(fences, guestIds),
    page: (conversation, query) => readPage(database, conversation, query),
    markSynced: (messageIds, isSynced) => markSynced(database, messageIds, isSynced),
    markConversationSynced: (conversationId, nextSequence, isSynced) =>
      markConversationSynced(database, conversationId, nextSequence, isSynced),
    unsyncedGuests: (maxContentBytes, limit) => unsyncedGuests(database, maxContentBytes, limit),
    eraseGuest: guestId => eraseGuest(database, guestId),
    eraseConversation: (userId, conversationId) => eraseConversation(database, userId, conversationId),
    migrateGuest: (guestId, userId) => migrateGuest(database, guestId, userId),
    createConversation: userId => createConversation(database, userId),
    listConversations: (userId, query) => listConversations(database, userId, query),
    pendingCopyDeletions: (limit, offset) => pendingCopyDeletions(database, limit, offset),
    settleCopyDeletions: deletions => settleCopyDeletions(database, deletions),
    reopenCopyDeletions: () => reopenCopyDeletions(database),
    forgetCopyDeletions: before => forgetCopyDeletions(database, before),
    idleGuests: (before, limit) => idleGuests(database, before, limit),
    registerGuest: (guestId, hash) => registerGuest(database, guestId, hash),
    secretHash: guestId => secretHash(database, guestId),
    forgetIdempotencyKeys: (before, limit) => forgetIdempotencyKeys(database, before, limit),
  }
}
