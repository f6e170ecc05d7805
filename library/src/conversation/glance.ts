import type { Announcer } from '../base/announcer.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import { within } from '../base/deadline.ts'
import { type Gather, gather } from '../base/gather/gather.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { ConversationCopies, Copy } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore, Fence } from '../ports/chat/conversation-store.ts'
import type { ConversationEvents } from './conversation-events.ts'

export interface GlanceParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
}

/** What the copy holds of a guest, and what PostgreSQL says of it, or why it says nothing. */
export interface Glance {
  readonly copy: Copy | undefined
  readonly fence: Fence | RepriseError
}

/** How long reads wait for PostgreSQL's word before it counts as away. */
const fenceLimitMs = 5_000

/**
 * Looks at the copy and at PostgreSQL at once, for all reads of a tick in one go each; what arrives meanwhile goes
 * together next, so that a crowd costs few round trips.
 */
export function createGlance(parts: GlanceParts): Gather<GuestId, Glance> {
  const { store, copies, announcer, clock } = parts

  async function readCopies(guestIds: readonly GuestId[]): Promise<readonly (Copy | undefined)[]> {
    if (copies === undefined || !copies.isAvailable) return []
    const startedAt = clock.monotonicMs()
    const announce = (result: 'hit' | 'miss' | 'error', durationMs: number) =>
      announcer.announce('copy_operation', { operation: 'get', result, durationMs })
    try {
      const found = await copies.read(guestIds)
      const durationMs = clock.monotonicMs() - startedAt
      for (const copy of found) announce(copy === undefined ? 'miss' : 'hit', durationMs)
      return found
    } catch (error) {
      const durationMs = clock.monotonicMs() - startedAt
      for (const _ of guestIds) announce('error', durationMs)
      announcer.announce('side_task_failed', { task: 'copy_read', owner: undefined, error })
      return []
    }
  }

  async function readFences(guestIds: readonly GuestId[]): Promise<readonly Fence[] | RepriseError> {
    try {
      return await within(store.fences(guestIds), fenceLimitMs, clock, databaseSilent)
    } catch (error) {
      // PostgreSQL being away is an outcome that the copy can help with; anything else is a defect and goes on.
      if (error instanceof RepriseError && error.code === 'database_unavailable') return error
      throw error
    }
  }

  return gather({
    run: async guestIds => {
      const [found, fences] = await Promise.all([readCopies(guestIds), readFences(guestIds)])
      return guestIds.map((_, index) => ({
        copy: found[index],
        // The store answers one fence per guest, in order.
        fence: fences instanceof RepriseError ? fences : (fences[index] as Fence),
      }))
    },
    maxBatch: 256,
    maxRunning: 2,
    maxWaiting: 20_000,
    overload: { crowd: 256, clock },
  })
}

function databaseSilent(): never {
  throw new RepriseError('database_unavailable', 'PostgreSQL did not answer in time; try again in a second.', {
    retryAfterSeconds: 1,
  })
}
