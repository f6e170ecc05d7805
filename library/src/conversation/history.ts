import type { Announcer } from '../base/announcer.ts'
import type { Clock } from '../base/clock.ts'
import { within } from '../base/deadline.ts'
import { gather } from '../base/gather.ts'
import type { GuestId } from '../base/principal.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { ConversationCopies, Copy } from '../ports/conversation-copies.ts'
import type { ConversationStore, Fence } from '../ports/conversation-store.ts'
import type { ConversationEvents, StoreName } from './conversation-events.ts'
import type { CopyDoubt } from './copy-doubt.ts'
import { type HistoryLoader, maxHistoryBytes, maxHistoryMessages } from './history-loader.ts'

export type HistoryAnswer =
  | { readonly kind: 'found'; readonly json: Uint8Array; readonly source: StoreName; readonly stale: boolean }
  | { readonly kind: 'empty' }
  | { readonly kind: 'migrated' }
  | { readonly kind: 'too_large'; readonly messages: number }

export interface HistoryParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly doubt: CopyDoubt
  readonly loader: HistoryLoader
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
}

/** How long a read waits for PostgreSQL's word before it counts as away. */
const fenceLimitMs = 5_000

/**
 * Reads whole histories. The copy is believed only if its (epoch, nextSequence) is PostgreSQL's; both are asked at once,
 * each in one go for all reads of a tick.
 */
export function createHistoryReader(parts: HistoryParts): (guestId: GuestId) => Promise<HistoryAnswer> {
  const { store, copies, doubt, loader, announcer, clock } = parts
  const readFence = gather<GuestId, Fence>({
    run: guestIds => within(store.fences(guestIds), fenceLimitMs, clock, databaseSilent),
    maxBatch: 256,
    maxRunning: 2,
    maxWaiting: 20_000,
  })
  const readCopy = gather<GuestId, Copy | undefined>({
    run: guestIds => (copies === undefined ? Promise.resolve(guestIds.map(() => undefined)) : copies.read(guestIds)),
    maxBatch: 256,
    maxRunning: 4,
    maxWaiting: 20_000,
  })

  async function copyOf(guestId: GuestId): Promise<Copy | undefined> {
    if (copies === undefined || !copies.isAvailable) return undefined
    const startedAt = clock.monotonicMs()
    const announce = (result: 'hit' | 'miss' | 'error') =>
      announcer.announce('copy_operation', { operation: 'get', result, durationMs: clock.monotonicMs() - startedAt })
    try {
      const copy = await readCopy(guestId)
      announce(copy === undefined ? 'miss' : 'hit')
      return copy
    } catch (error) {
      announce('error')
      announcer.announce('side_task_failed', { task: 'copy_read', owner: guestId, error })
      return undefined
    }
  }

  async function answer(guestId: GuestId): Promise<HistoryAnswer> {
    const [copy, fence] = await Promise.all([copyOf(guestId), readFence(guestId).catch(orUnavailable)])
    if (fence instanceof RepriseError) {
      if (copies === undefined || copy === undefined || doubt.isPresent) throw fence
      return { kind: 'found', json: copy.json, source: copies.name, stale: true }
    }
    if (fence.kind === 'migrated') return { kind: 'migrated' }
    if (fence.kind === 'unknown' || fence.nextSequence === 0) return { kind: 'empty' }
    if (copies !== undefined && copy?.epoch === fence.epoch && copy.nextSequence === fence.nextSequence) {
      return { kind: 'found', json: copy.json, source: copies.name, stale: false }
    }
    if (fence.nextSequence > maxHistoryMessages || fence.contentBytes > maxHistoryBytes) {
      return { kind: 'too_large', messages: fence.nextSequence }
    }
    const loaded = await loader.load(guestId, fence)
    if (loaded.kind === 'unknown') return { kind: 'empty' }
    if (loaded.kind !== 'loaded') return loaded
    return { kind: 'found', json: loaded.json, source: 'postgresql', stale: false }
  }

  return async guestId => {
    const startedAt = clock.monotonicMs()
    const announce = (outcome: 'hit' | 'miss' | 'error', source?: StoreName, stale = false) =>
      announcer.announce('history_read', {
        owner: guestId,
        outcome,
        source,
        stale,
        durationMs: clock.monotonicMs() - startedAt,
      })
    try {
      const result = await answer(guestId)
      if (result.kind === 'found') announce('hit', result.source, result.stale)
      else if (result.kind === 'too_large') announce('hit', 'postgresql')
      else if (result.kind === 'empty') announce('miss')
      return result
    } catch (error) {
      announce('error')
      throw error
    }
  }
}

function databaseSilent(): never {
  throw new RepriseError('database_unavailable', 'PostgreSQL did not answer in time; try again in a second.', {
    retryAfterSeconds: 1,
  })
}

/** PostgreSQL being away is an outcome that the copy can help with; anything else is a defect and goes on. */
function orUnavailable(error: unknown): RepriseError {
  if (error instanceof RepriseError && error.code === 'database_unavailable') return error
  throw error
}
