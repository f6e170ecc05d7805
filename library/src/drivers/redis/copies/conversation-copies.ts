import type { GuestId } from '../../../base/chat/principal.ts'
import { RepriseError } from '../../../base/reprise-error.ts'
import type {
  ConversationCopies,
  Copy,
  CopyAppend,
  CopyAppendOutcome,
  ScannedCopy,
} from '../../../ports/chat/conversation-copies.ts'
import { inGroups } from '../connection/key-groups.ts'
import type { Redis } from '../connection/redis.ts'
import { asideKey, believed, bookkeepingKey, copyKey, fillClaimKey } from './copy-keys.ts'
import { scanCopies } from './copy-scan.ts'
import { appendScript, asideScript, dropScript, fillScript } from './copy-scripts.ts'

export interface RedisConversationCopiesOptions {
  /** How long a copy lives after its last message. Default 86400, a day. */
  readonly lifetimeSeconds?: number
  /** A copy that grows longer is dropped, and PostgreSQL serves. Default 1 MiB. */
  readonly maxCopyBytes?: number
  /** How long one process may fill a copy before another may try. Default 3000. */
  readonly fillClaimMs?: number
}

/** The copies in Redis, with what operators need beyond the port. */
export interface RedisConversationCopies extends ConversationCopies {
  /** Walks over all keys `guest:*`, about `count` a step; one that is written meanwhile may come twice. */
  scan(count?: number): AsyncIterable<ScannedCopy>
  /** Removes a copy with its bookkeeping, tombstone too: for a copy that belongs to another database. */
  forget(guestId: GuestId): Promise<void>
  /**
   * Moves what an older system left of a guest to `reprise:left:{guest:<id>}`, without an end, so that no copy of ours is
   * written over it. It stays until the guest is erased or migrated, or an operator takes it away.
   */
  setAside(guestId: GuestId): Promise<void>
  /** Whether the histories that an older system left in this Redis were imported. */
  wasTakenOver(): Promise<boolean>
  noteTakeover(): Promise<void>
}

/** How long a dropped copy fences late writers. */
const tombstoneSeconds = 86_400
const takeoverMark = 'reprise:taken-over'
const maxReadsPerCall = 64
const maxAppendsPerCall = 256

/**
 * Copies of guests' histories in Redis: the key `guest:<id>` holds the JSON array, `reprise:copy:{guest:<id>}` its epoch,
 * next sequence, length and head.
 * @example const copies = redisConversationCopies(await connectRedis({ url: 'redis://127.0.0.1:6379' }))
 */
export function redisConversationCopies(
  redis: Redis,
  options: RedisConversationCopiesOptions = {},
): RedisConversationCopies {
  const { lifetimeSeconds = 86_400, maxCopyBytes = 1024 * 1024, fillClaimMs = 3_000 } = options
  const [lifetime, tombstoneLifetime] = [`${lifetimeSeconds}`, `${tombstoneSeconds}`]

  async function readGroup(guestIds: readonly GuestId[]): Promise<(Copy | undefined)[]> {
    const keys = guestIds.flatMap(guestId => [copyKey(guestId), bookkeepingKey(guestId)])
    const reply = await redis.run('read', ['MGET', ...keys], keys[0])
    const values = Array.isArray(reply) ? reply : []
    return guestIds.map((_, index) => believed(values[index * 2], values[index * 2 + 1]))
  }

  async function appendGroup(appends: readonly CopyAppend[]): Promise<CopyAppendOutcome[]> {
    const keys = appends.flatMap(({ guestId }) => [copyKey(guestId), bookkeepingKey(guestId)])
    const args = appends.flatMap(({ epoch, fromSequence, follows, messages }) => [
      `${epoch}`,
      `${fromSequence}`,
      `${messages.length}`,
      follows ?? '',
      ...messages.map(({ id }) => id),
      ...messages.map(({ json }) => json),
    ])
    const reply = await appendScript(redis, keys, [lifetime, tombstoneLifetime, `${maxCopyBytes}`, ...args])
    // The script answers one of the port's outcomes for each append, in order.
    return (Array.isArray(reply) ? reply : []).map(outcome => String(outcome) as CopyAppendOutcome)
  }

  /** In a cluster a node that is away harms its own guests alone: their copies count as absent. */
  function sparing<Item, Result>(work: (items: readonly Item[]) => Promise<Result[]>, absent: Result) {
    if (redis.kind === 'single') return work
    return (items: readonly Item[]) =>
      work(items).catch(error => {
        if (!redis.isAvailable) throw error
        return items.map(() => absent)
      })
  }

  return {
    name: 'redis',
    get isAvailable() {
      return redis.isAvailable
    },
    onReturn: listener => redis.events.on('available', () => listener()),
    read: guestIds =>
      inGroups(guestIds, guestId => redis.groupOf(copyKey(guestId)), maxReadsPerCall, sparing(readGroup, undefined)),
    append: appends =>
      inGroups(
        appends,
        ({ guestId }) => redis.groupOf(copyKey(guestId)),
        maxAppendsPerCall,
        sparing(appendGroup, 'absent'),
      ),
    claimFill: async guestId => {
      const key = fillClaimKey(guestId)
      return (await redis.run('write', ['SET', key, '1', 'NX', 'PX', `${fillClaimMs}`], key)) !== null
    },
    fill: async (guestId, { epoch, nextSequence, head = '', json }) => {
      if (json.byteLength > maxCopyBytes) return 'too_large'
      const keys = [copyKey(guestId), bookkeepingKey(guestId), fillClaimKey(guestId)]
      const text = Buffer.from(json.buffer, json.byteOffset, json.byteLength)
      const outcome = String(await fillScript(redis, keys, [lifetime, `${epoch}`, `${nextSequence}`, head, text]))
      if (outcome === 'filled' || outcome === 'newer' || outcome === 'fenced') return outcome
      throw new RepriseError('internal_error', `Redis answered ${outcome} to a fill.`)
    },
    drop: async (guestId, epoch) =>
      Number(
        await dropScript(
          redis,
          [copyKey(guestId), bookkeepingKey(guestId), asideKey(guestId)],
          [tombstoneLifetime, `${epoch}`],
        ),
      ) > 0,
    forget: async guestId => {
      await redis.run('write', ['DEL', copyKey(guestId), bookkeepingKey(guestId)], copyKey(guestId))
    },
    setAside: async guestId => {
      const [from, to] = [copyKey(guestId), asideKey(guestId)]
      await asideScript(redis, [from, to], [])
    },
    wasTakenOver: async () => (await redis.run('read', ['EXISTS', takeoverMark], takeoverMark)) === 1,
    noteTakeover: async () => {
      await redis.run('write', ['SET', takeoverMark, new Date().toISOString()], takeoverMark)
    },
    scan: count => scanCopies(redis, count),
    close: () => redis.close(),
  }
}
