import type { Announcer } from '../base/announcer.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { Clock } from '../base/clock.ts'
import { RepriseError } from '../base/reprise-error.ts'
import type { ConversationCopies, Copy } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore } from '../ports/chat/conversation-store.ts'
import type { ConversationEvents, StoreName } from './conversation-events.ts'
import type { CopyDoubt } from './copy-doubt.ts'
import { createGlance, type Glance } from './glance.ts'
import { type ActiveFence, type HistoryLoader, maxHistoryBytes, maxHistoryMessages } from './history-loader.ts'

export type HistoryAnswer =
  | { readonly kind: 'found'; readonly json: Uint8Array; readonly source: StoreName; readonly stale: boolean }
  | { readonly kind: 'empty' }
  | { readonly kind: 'migrated' }
  | { readonly kind: 'too_large'; readonly messages: number }

/** The copy is not what PostgreSQL has, so that PostgreSQL is to be read. */
interface Outdated {
  readonly kind: 'outdated'
  readonly fence: ActiveFence
}

export interface HistoryParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly doubt: CopyDoubt
  readonly loader: HistoryLoader
  readonly announcer: Announcer<ConversationEvents>
  readonly clock: Clock
}

export interface HistoryReader {
  read(guestId: GuestId): Promise<HistoryAnswer>
  /** Whether one more reading would be refused, because more come than can be answered. */
  readonly isRefusing: boolean
}

function isConfirmed(copy: Copy, fence: ActiveFence): boolean {
  return copy.epoch === fence.epoch && copy.nextSequence === fence.nextSequence && copy.head === fence.head
}

/** Reads whole histories. The copy is believed only if its (epoch, nextSequence, head) is PostgreSQL's. */
export function createHistoryReader(parts: HistoryParts): HistoryReader {
  const { copies, doubt, loader, announcer, clock } = parts
  const glance = createGlance(parts)

  function judge({ copy, fence }: Glance): HistoryAnswer | Outdated {
    if (fence instanceof RepriseError) {
      if (copies === undefined || copy === undefined || doubt.isPresent) throw fence
      return { kind: 'found', json: copy.json, source: copies.name, stale: true }
    }
    if (fence.kind === 'migrated') return fence
    if (fence.kind === 'unknown' || fence.nextSequence === 0) return { kind: 'empty' }
    if (copies !== undefined && copy !== undefined && isConfirmed(copy, fence)) {
      return { kind: 'found', json: copy.json, source: copies.name, stale: false }
    }
    if (fence.nextSequence > maxHistoryMessages || fence.contentBytes > maxHistoryBytes) {
      return { kind: 'too_large', messages: fence.nextSequence }
    }
    return { kind: 'outdated', fence }
  }

  async function load(guestId: GuestId, fence: ActiveFence): Promise<HistoryAnswer> {
    const loaded = await loader.load(guestId, fence)
    if (loaded.kind === 'unknown') return { kind: 'empty' }
    if (loaded.kind !== 'loaded') return loaded
    return { kind: 'found', json: loaded.json, source: 'postgresql', stale: false }
  }

  async function read(guestId: GuestId): Promise<HistoryAnswer> {
    const startedAt = clock.monotonicMs()
    const announce = (outcome: 'hit' | 'miss' | 'error', source: StoreName | undefined, stale: boolean) => {
      const durationMs = clock.monotonicMs() - startedAt
      announcer.announce('history_read', { owner: guestId, outcome, source, stale, durationMs })
    }
    try {
      const judged = judge(await glance(guestId))
      const result = judged.kind === 'outdated' ? await load(guestId, judged.fence) : judged
      if (result.kind === 'found') announce('hit', result.source, result.stale)
      else if (result.kind === 'too_large') announce('hit', 'postgresql', false)
      else if (result.kind === 'empty') announce('miss', undefined, false)
      return result
    } catch (error) {
      announce('error', undefined, false)
      throw error
    }
  }

  return {
    read,
    get isRefusing() {
      return glance.isRefusing
    },
  }
}
