import {
  type ConversationCopies,
  type ConversationStore,
  type Copy,
  type GuestId,
  historyJson,
  type ScannedCopy,
} from 'reprise'
import { allMessages } from './all-messages.ts'

export interface CopyCheckParts {
  readonly store: ConversationStore
  readonly copies: ConversationCopies
  /** Whether copies that are wrong or behind are replaced by what PostgreSQL says. */
  readonly repair: boolean
}

export interface CopyCheckReport {
  /** Copies looked at. */
  readonly checked: number
  /** Believed, and byte for byte what PostgreSQL says. */
  readonly equal: number
  /** Believed, and something else: readers were told wrong. */
  readonly wrong: number
  /** Not believed, because PostgreSQL has gone on; the next read replaces them. */
  readonly behind: number
  /** Written by something else, or of guests that PostgreSQL does not know. `reprise migrate` takes them over. */
  readonly foreign: number
  readonly repaired: number
  /** The first guests with a wrong copy. */
  readonly wrongGuests: readonly GuestId[]
}

type Verdict = 'equal' | 'wrong' | 'behind' | 'foreign'

const maxReported = 20

/** Compares copies with PostgreSQL, while both are in use. */
export async function checkCopies(
  scanned: AsyncIterable<ScannedCopy>,
  parts: CopyCheckParts,
): Promise<CopyCheckReport> {
  const count = { equal: 0, wrong: 0, behind: 0, foreign: 0 }
  const wrongGuests: GuestId[] = []
  let repaired = 0
  for await (const { guestId, copy } of scanned) {
    const verdict = copy === undefined ? 'foreign' : await judge(parts.store, guestId, copy)
    count[verdict] += 1
    if (verdict === 'wrong' && wrongGuests.length < maxReported) wrongGuests.push(guestId)
    const isReplaced = parts.repair && (verdict === 'wrong' || verdict === 'behind')
    if (isReplaced && (await replace(parts, guestId))) repaired += 1
  }
  const checked = count.equal + count.wrong + count.behind + count.foreign
  return { checked, ...count, repaired, wrongGuests }
}

async function judge(store: ConversationStore, guestId: GuestId, copy: Copy): Promise<Verdict> {
  const [fence] = await store.fences([guestId])
  if (fence?.kind !== 'active') return 'foreign'
  if (copy.epoch !== fence.epoch || copy.nextSequence !== fence.nextSequence || copy.head !== fence.head)
    return 'behind'
  const messages = await allMessages(store, guestId)
  // The guest may have spoken since; what it said before cannot have changed, except by erasing or migrating it.
  const said = messages === 'migrated' ? '' : historyJson(messages.slice(0, copy.nextSequence))
  if (Buffer.from(said).equals(copy.json)) return 'equal'
  const [now] = await store.fences([guestId])
  return now?.kind === 'active' && now.epoch === copy.epoch ? 'wrong' : 'behind'
}

/** Drops a copy and fills it anew, as a read of the guest would. */
async function replace({ store, copies }: CopyCheckParts, guestId: GuestId): Promise<boolean> {
  const [fence] = await store.fences([guestId])
  if (fence?.kind !== 'active') return false
  await copies.drop(guestId, fence.epoch)
  const messages = await allMessages(store, guestId)
  const [after] = await store.fences([guestId])
  // Whoever spoke or was erased meanwhile gets a copy by the next read.
  if (messages === 'migrated' || after?.kind !== 'active' || after.nextSequence !== messages.length) return true
  const { epoch, nextSequence, head } = after
  await copies.fill(guestId, { epoch, nextSequence, head, json: Buffer.from(historyJson(messages)) })
  return true
}
