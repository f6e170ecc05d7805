import type { Announcer } from '../base/announcer.ts'
import { historyJson } from '../base/chat/message.ts'
import type { GuestId } from '../base/chat/principal.ts'
import type { ConversationCopies, Copy } from '../ports/chat/conversation-copies.ts'
import type { ConversationStore, Fence } from '../ports/chat/conversation-store.ts'
import type { ConversationEvents } from './conversation-events.ts'
import type { OutgrownHistories } from './outgrown-histories.ts'

/** Past these a history is read by cursor. */
export const maxHistoryMessages = 10_000
export const maxHistoryBytes = 16 * 1024 * 1024

export interface HistoryLoaderParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies | undefined
  readonly outgrown: OutgrownHistories
  readonly announcer: Announcer<ConversationEvents>
}

export type ActiveFence = Extract<Fence, { kind: 'active' }>

export type LoadedHistory =
  | ({ readonly kind: 'loaded' } & Copy)
  | { readonly kind: 'unknown' }
  | { readonly kind: 'migrated' }
  | { readonly kind: 'too_large'; readonly messages: number }

export interface HistoryLoader {
  /** The whole history from PostgreSQL, at least as new as the fence says. The copy is filled beside it. */
  load(guestId: GuestId, fence: ActiveFence): Promise<LoadedHistory>
  /** Brings the copy up to PostgreSQL. True when it then holds every message below `nextSequence`. */
  refill(guestId: GuestId, nextSequence: number): Promise<boolean>
}

interface Flight {
  readonly loading: Promise<LoadedHistory>
  readonly filling: Promise<boolean>
}

/** Loads histories past the copy, one load per guest at a time: later readers share it when it is new enough for them. */
export function createHistoryLoader(parts: HistoryLoaderParts): HistoryLoader {
  const { store, copies, outgrown, announcer } = parts
  const flights = new Map<GuestId, Flight>()

  async function loadOnce(guestId: GuestId): Promise<LoadedHistory> {
    const page = await store.page(
      { kind: 'guest', guestId },
      { afterSequence: -1, limit: maxHistoryMessages, maxBytes: maxHistoryBytes },
    )
    if (page.kind !== 'page') return page
    if (page.messages.length < page.nextSequence) return { kind: 'too_large', messages: page.nextSequence }
    const json = Buffer.from(historyJson(page.messages))
    return { kind: 'loaded', json, epoch: page.epoch, nextSequence: page.nextSequence, head: page.head }
  }

  /**
   * A copy holds only what was committed. One that is past PostgreSQL, asked after it, is of commits that PostgreSQL has
   * lost since.
   */
  async function dropWhatWasLost(from: ConversationCopies, guestId: GuestId): Promise<boolean> {
    const [copy] = await from.read([guestId])
    const [fence] = await store.fences([guestId])
    if (copy === undefined || fence?.kind !== 'active' || copy.epoch !== fence.epoch) return false
    if (copy.nextSequence <= fence.nextSequence) return false
    await from.drop(guestId, fence.epoch)
    return true
  }

  async function fillCopy(guestId: GuestId, fence: ActiveFence, loaded: LoadedHistory): Promise<boolean> {
    if (copies === undefined || loaded.kind !== 'loaded') return false
    if (!copies.isAvailable || !outgrown.mayFit(guestId, fence)) return false
    try {
      if (!(await copies.claimFill(guestId))) return false
      let outcome = await copies.fill(guestId, loaded)
      if (outcome === 'newer' && (await dropWhatWasLost(copies, guestId))) outcome = await copies.fill(guestId, loaded)
      if (outcome === 'too_large') outgrown.note(guestId, loaded.epoch)
      const isHeld = outcome === 'filled' || outcome === 'newer'
      if (isHeld) await store.markConversationSynced(fence.conversationId, loaded.nextSequence, true)
      return isHeld
    } catch (error) {
      announcer.announce('side_task_failed', { task: 'copy_fill', owner: guestId, error })
      return false
    }
  }

  function fly(guestId: GuestId, fence: ActiveFence): Flight {
    const loading = loadOnce(guestId)
    const filling = loading.then(
      loaded => fillCopy(guestId, fence, loaded),
      () => false,
    )
    const flight = { loading, filling }
    flights.set(guestId, flight)
    void filling.finally(() => {
      if (flights.get(guestId) === flight) flights.delete(guestId)
    })
    return flight
  }

  async function share(guestId: GuestId, fence: ActiveFence): Promise<{ flight: Flight; loaded: LoadedHistory }> {
    const shared = flights.get(guestId)
    if (shared !== undefined) {
      const loaded = await shared.loading
      if (covers(loaded, fence)) return { flight: shared, loaded }
    }
    const own = fly(guestId, fence)
    return { flight: own, loaded: await own.loading }
  }

  return {
    load: async (guestId, fence) => (await share(guestId, fence)).loaded,
    refill: async (guestId, nextSequence) => {
      const [fence] = await store.fences([guestId])
      if (fence?.kind !== 'active' || !outgrown.mayFit(guestId, fence)) return false
      const { flight, loaded } = await share(guestId, fence)
      return loaded.kind === 'loaded' && loaded.nextSequence >= nextSequence && (await flight.filling)
    },
  }
}

function covers(loaded: LoadedHistory, fence: ActiveFence): boolean {
  if (loaded.kind !== 'loaded' || loaded.epoch !== fence.epoch) return false
  return (
    loaded.nextSequence > fence.nextSequence ||
    (loaded.nextSequence === fence.nextSequence && loaded.head === fence.head)
  )
}
