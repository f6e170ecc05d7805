import type { GuestId } from '../../base/chat/principal.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import type {
  ConversationCopies,
  Copy,
  CopyAppend,
  CopyAppendOutcome,
  CopyMessage,
} from '../../ports/chat/conversation-copies.ts'
import type { Head } from '../../ports/chat/conversation-store.ts'
import { GrowingJson } from './growing-json.ts'

export interface MemoryConversationCopiesOptions {
  /** All copies together, with what keeping them costs; past it those unused longest go. Default 64 MiB. */
  readonly maxBytes?: number
  /** How long a copy lives after its last message. Default a day. */
  readonly lifetimeMs?: number
  /** A copy that grows longer is dropped, and PostgreSQL serves. Default 1 MiB. */
  readonly maxCopyBytes?: number
  /** How many dropped copies are remembered, to fence late writers; past it the oldest is forgotten. Default 100,000. */
  readonly maxTombstones?: number
  readonly clock?: Clock
}

interface Kept {
  readonly epoch: number
  nextSequence: number
  head: Head
  readonly json: GrowingJson
  expiresAt: number
}

/** The copies in memory, with what operators need beyond the port. */
export interface MemoryConversationCopies extends ConversationCopies {
  /** How many copies there are, those included whose time is over and that were not met since. */
  readonly size: number
  /** What all copies cost together. */
  readonly bytes: number
  readonly maxBytes: number
  /** Removes all copies; reads fill them anew. Answers how many. */
  clear(): number
  /** Removes copies whose time is over; answers how many. */
  cleanup(): number
}

/** What a kept copy costs beside its text, about. */
const overheadBytes = 512
const fillClaimMs = 3_000
const maxClaims = 10_000

/**
 * Copies of guests' histories in this process's memory, where there is no Redis.
 * @example const copies = memoryConversationCopies({ maxBytes: 64 * 1024 * 1024 })
 */
export function memoryConversationCopies(options: MemoryConversationCopiesOptions = {}): MemoryConversationCopies {
  const { maxBytes = 64 * 1024 * 1024, lifetimeMs = 86_400_000, maxCopyBytes = 1024 * 1024 } = options
  const { maxTombstones = 100_000, clock = systemClock } = options
  // Maps keep their order of insertion: the first is the one unused longest, or made first.
  const copies = new Map<GuestId, Kept>()
  const tombstones = new Map<GuestId, number>()
  const claims = new Map<GuestId, number>()
  let totalBytes = 0

  function costOf(kept: Kept): number {
    return kept.json.bytes + overheadBytes
  }

  function find(guestId: GuestId): Kept | undefined {
    const kept = copies.get(guestId)
    if (kept === undefined || kept.expiresAt > clock.now()) return kept
    remove(guestId)
    return undefined
  }

  function remove(guestId: GuestId): boolean {
    const kept = copies.get(guestId)
    if (kept === undefined) return false
    totalBytes -= costOf(kept)
    return copies.delete(guestId)
  }

  function keep(guestId: GuestId, kept: Kept): void {
    remove(guestId)
    tombstones.delete(guestId)
    copies.set(guestId, kept)
    totalBytes += costOf(kept)
    for (const oldest of copies.keys()) {
      if (totalBytes <= maxBytes) return
      remove(oldest)
    }
  }

  function bury(guestId: GuestId, epoch: number): void {
    remove(guestId)
    tombstones.delete(guestId)
    tombstones.set(guestId, epoch)
    dropFirst(tombstones, maxTombstones)
  }

  function epochOf(guestId: GuestId): number | undefined {
    return find(guestId)?.epoch ?? tombstones.get(guestId)
  }

  function read(guestId: GuestId): Copy | undefined {
    const kept = find(guestId)
    if (kept === undefined) return undefined
    copies.delete(guestId)
    copies.set(guestId, kept)
    return { epoch: kept.epoch, nextSequence: kept.nextSequence, head: kept.head, json: kept.json.read() }
  }

  function append({ guestId, epoch, fromSequence, follows, messages }: CopyAppend): CopyAppendOutcome {
    const newest = epochOf(guestId)
    if (newest !== undefined && newest > epoch) return 'fenced'
    const kept = find(guestId)
    const expiresAt = clock.now() + lifetimeMs
    if (kept === undefined || kept.epoch < epoch) {
      if (kept !== undefined) bury(guestId, epoch)
      if (fromSequence > 0) return 'absent'
      const begun = { epoch, nextSequence: 0, head: undefined, json: new GrowingJson(Buffer.from('[]')), expiresAt }
      return extend(guestId, begun, messages)
    }
    if (fromSequence > kept.nextSequence) return 'early'
    const overlap = kept.nextSequence - fromSequence
    if (overlap > messages.length) return 'absent'
    if ((overlap === 0 ? follows : messages[overlap - 1]?.id) !== kept.head) {
      bury(guestId, epoch)
      return 'absent'
    }
    if (overlap === messages.length) return 'present'
    remove(guestId)
    return extend(guestId, { ...kept, expiresAt }, messages.slice(overlap))
  }

  /** Takes a copy that is not among the kept ones (any more) and keeps it with further messages. */
  function extend(guestId: GuestId, kept: Kept, messages: readonly CopyMessage[]): CopyAppendOutcome {
    const texts = messages.map(({ json }) => json)
    if (kept.json.bytesWith(texts) > maxCopyBytes) {
      bury(guestId, kept.epoch)
      return 'dropped'
    }
    kept.json.append(texts)
    kept.nextSequence += messages.length
    kept.head = messages.at(-1)?.id ?? kept.head
    keep(guestId, kept)
    return 'appended'
  }

  return {
    name: 'memory',
    get size() {
      return copies.size
    },
    get bytes() {
      return totalBytes
    },
    maxBytes,
    clear: () => [...copies.keys()].filter(remove).length,
    cleanup: () => [...copies.keys()].filter(guestId => find(guestId) === undefined).length,
    isAvailable: true,
    onReturn: () => () => {},
    read: async guestIds => guestIds.map(read),
    append: async appends => appends.map(append),
    claimFill: async guestId => {
      if ((claims.get(guestId) ?? 0) > clock.now()) return false
      claims.delete(guestId)
      claims.set(guestId, clock.now() + fillClaimMs)
      dropFirst(claims, maxClaims)
      return true
    },
    fill: async (guestId, { epoch, nextSequence, head, json }) => {
      if (json.byteLength > maxCopyBytes) return 'too_large'
      const newest = epochOf(guestId)
      if (newest !== undefined && newest > epoch) return 'fenced'
      const kept = find(guestId)
      if (kept?.epoch === epoch && kept.nextSequence > nextSequence) return 'newer'
      keep(guestId, { epoch, nextSequence, head, json: new GrowingJson(json), expiresAt: clock.now() + lifetimeMs })
      claims.delete(guestId)
      return 'filled'
    },
    drop: async (guestId, epoch) => {
      const newest = epochOf(guestId)
      if (newest !== undefined && newest > epoch) return false
      const existed = remove(guestId)
      bury(guestId, epoch)
      return existed
    },
    close: async () => {
      copies.clear()
      tombstones.clear()
      claims.clear()
      totalBytes = 0
    },
  }
}

function dropFirst<Key>(map: Map<Key, unknown>, maxSize: number): void {
  for (const key of map.keys()) {
    if (map.size <= maxSize) return
    map.delete(key)
  }
}
