import assert from 'node:assert/strict'
import { hash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Role } from '../../base/chat/message.ts'
import { type ConversationId, newMessageId } from '../../base/chat/message-id.ts'
import { type GuestId, parseGuestId, parseUserId, type UserId } from '../../base/chat/principal.ts'
import type { Instant } from '../../base/instant.ts'
import type {
  AppendOutcome,
  AppendRequest,
  AppendSettings,
  AppendTarget,
  ConversationRef,
  ConversationStore,
  Fence,
  PageQuery,
} from '../../ports/chat/conversation-store.ts'

export interface ConversationStoreHarness {
  readonly store: ConversationStore
  /** The same conversations as another server sees them. */
  readonly other: ConversationStore
  close(): Promise<void>
}

/** Promises of the port, by their sentence. */
export type Promises = Readonly<Record<string, (harness: ConversationStoreHarness) => Promise<void>>>

export const settings: AppendSettings = { enforceQuota: false, guestMonthlyLimit: 100, embed: false }
export const enforced = (guestMonthlyLimit: number): AppendSettings => ({
  ...settings,
  enforceQuota: true,
  guestMonthlyLimit,
})
export const wholeHistory: PageQuery = { afterSequence: -1, limit: 10_000, maxBytes: 100_000_000 }
export const farFuture = '9000-01-01T00:00:00.000Z' as Instant
export const longAgo = '2000-01-01T00:00:00.000Z' as Instant

export const newGuest = (): GuestId => parseGuestId(`suite-guest-${randomUUID()}`)
export const newUser = (): UserId => parseUserId(`suite-user-${randomUUID()}`)
/** A conversation that nobody began. */
export const nowhere = (): ConversationId => newMessageId(Date.now()) as string as ConversationId

export function guest(guestId: GuestId): AppendTarget & ConversationRef & { readonly kind: 'guest' } {
  return { kind: 'guest', guestId }
}

export function user(userId: UserId, conversationId: ConversationId): AppendTarget & ConversationRef {
  return { kind: 'user', userId, conversationId }
}

export interface SayOptions {
  readonly key?: string
  readonly role?: Role
  readonly timestamp?: string
}

/** A request to append; under a key its content is its fingerprint. */
export function say(target: AppendTarget, content: string, options: SayOptions = {}): AppendRequest {
  const { key, role = 'user', timestamp = '2026-01-31T12:00:00.000Z' } = options
  const contentHash = hash('sha256', content)
  return {
    target,
    messageId: newMessageId(Date.now()),
    message: { role, content, timestamp: timestamp as Instant },
    contentHash,
    isSynced: true,
    idempotency: key === undefined ? undefined : { key, fingerprint: contentHash },
  }
}

export async function append(
  store: ConversationStore,
  request: AppendRequest,
  withSettings: AppendSettings = settings,
): Promise<AppendOutcome> {
  const [outcome] = await store.append([request], withSettings)
  assert(outcome !== undefined, 'A batch of one has one outcome.')
  return outcome
}

/** Appends contents one after another in one batch, all of which must be saved. */
export async function tell(store: ConversationStore, target: AppendTarget, contents: readonly string[]) {
  const outcomes = await store.append(
    contents.map(content => say(target, content)),
    settings,
  )
  return outcomes.map(expectSaved)
}

export function expectSaved(outcome: AppendOutcome | undefined) {
  assert(outcome?.kind === 'saved', `expected saved, got ${JSON.stringify(outcome)}`)
  return outcome
}

export async function activeFence(store: ConversationStore, guestId: GuestId): Promise<Fence & { kind: 'active' }> {
  const [fence] = await store.fences([guestId])
  assert(fence?.kind === 'active', `expected an active guest, got ${JSON.stringify(fence)}`)
  return fence
}

/** Lets the clock of a store that counts milliseconds go on, so that what comes next is later. */
export const clockTick = (): Promise<void> => sleep(2)

/** The contents of a whole history; undefined when there is none. */
export async function contentsOf(
  store: ConversationStore,
  conversation: ConversationRef,
): Promise<readonly string[] | undefined> {
  const page = await store.page(conversation, wholeHistory)
  return page.kind === 'page' ? page.messages.map(message => message.content) : undefined
}

export function kindsOf(outcomes: readonly { readonly kind: string }[]): readonly string[] {
  return outcomes.map(outcome => outcome.kind)
}
