import type { Clock } from '../../../base/clock.ts'
import { gather } from '../../../base/gather/gather.ts'
import type { CacheKey } from '../../../base/key.ts'
import type { MarkName } from '../../../base/namespace-path.ts'
import { randomMark } from '../../../base/random-mark.ts'
import {
  type KeyFence,
  type Mark,
  type MarkRenewal,
  noFence,
  type RemoveOutcome,
  type Store,
  type StoreReading,
  type StoreWrite,
  type StoreWriteOutcome,
  type Unavailable,
} from '../../../ports/store.ts'
import type { Redis } from '../connection/redis.ts'
import type { RedisArgument, RedisReply } from '../connection/redis-connection.ts'
import type { RedisScript } from '../connection/redis-script.ts'
import { scanKeys } from '../connection/scan-keys.ts'
import { inSlots, unavailableOf } from './in-slots.ts'
import { keyPattern } from './key-pattern.ts'
import { lifeOf } from './life.ts'
import { entryValue, newFence, readSlot, tombstoneValue } from './slot-value.ts'
import { fencesScript, fillScript, marksScript, removeScript, renewMarksScript } from './store-scripts.ts'

export interface RedisStoreParts {
  /** The Redis of now: it is closed and opened anew with the users of the tier. */
  readonly redis: () => Redis
  readonly prefix: string
  readonly readLimitMs: number
  readonly writeLimitMs: number
  readonly clock: Clock
}

const maxReadsPerCall = 256
const maxWritesPerCall = 64
/** Single reads of one tick go together; past this many waiting ones a read is refused. */
const maxWaitingReads = 20_000
const scanStep = 500
/** The longest life that Redis takes for granted: some 285,000 years. */
const longestLifeMs = 9e15

/** The slots and marks of caches in Redis: `<prefix>entry:<key>` and `<prefix>mark:<name>`. */
export function redisStore(parts: RedisStoreParts): Store {
  const { redis, prefix, readLimitMs, writeLimitMs, clock } = parts
  const entryPrefix = `${prefix}entry:`
  const entryKey = (key: CacheKey) => entryPrefix + key
  const markKey = (name: MarkName) => `${prefix}mark:${name}`
  const lifeUntil = (keepUntil: number) => lifeText(keepUntil - clock.now())

  async function readGroup(keys: readonly string[]): Promise<readonly StoreReading[]> {
    const reply = await redis().run('read', ['MGET', ...keys], keys[0])
    const values: readonly RedisReply[] = Array.isArray(reply) ? reply : []
    return keys.map((_, index) => readSlot(values[index]))
  }
  const readAll = (keys: readonly CacheKey[]) =>
    inSlots<string, StoreReading>(redis(), keys.map(entryKey), same, maxReadsPerCall, readGroup)

  const readOne = gather<CacheKey, StoreReading>({
    run: readAll,
    maxBatch: maxReadsPerCall,
    maxRunning: Number.POSITIVE_INFINITY,
    maxWaiting: maxWaitingReads,
  })

  /** Runs a script on some keys; a text among its answers is the error of that key alone. */
  async function runScript(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]) {
    const reply = await script(redis(), keys, args)
    return Array.isArray(reply) ? (reply as readonly RedisReply[]) : []
  }

  /** What is kept whatever was there needs no script; the commands of a batch follow each other on the connection. */
  async function overwrite(writes: readonly StoreWrite[]): Promise<readonly StoreWriteOutcome[]> {
    for (const { key, bytes, keepUntil } of writes) {
      const place = entryKey(key)
      await redis().run('write', ['SET', place, entryValue(bytes, newFence()), 'PX', lifeUntil(keepUntil)], place)
    }
    return writes.map(() => ({ kind: 'stored' }))
  }

  async function fillGroup(writes: readonly StoreWrite[]): Promise<readonly StoreWriteOutcome[]> {
    const args = writes.flatMap(({ bytes, keepUntil, fence = noFence }) => [
      fence,
      lifeUntil(keepUntil),
      entryValue(bytes, fence === noFence ? newFence() : fence),
    ])
    const outcomes = await runScript(
      fillScript,
      writes.map(({ key }) => entryKey(key)),
      args,
    )
    return writes.map((_, index) => refusal(outcomes[index]) ?? { kind: outcomes[index] === 1 ? 'stored' : 'fenced' })
  }

  async function write(writes: readonly StoreWrite[]): Promise<readonly StoreWriteOutcome[]> {
    const keyOf = ({ key }: StoreWrite) => entryKey(key)
    const isFill = ({ fence }: StoreWrite) => fence !== undefined
    const isOverwrite = ({ fence }: StoreWrite) => fence === undefined
    const [filled, overwritten] = await Promise.all([
      inSlots<StoreWrite, StoreWriteOutcome>(redis(), writes.filter(isFill), keyOf, maxWritesPerCall, fillGroup),
      inSlots<StoreWrite, StoreWriteOutcome>(redis(), writes.filter(isOverwrite), keyOf, 1, overwrite),
    ])
    const outcomes = { fills: filled.values(), others: overwritten.values() }
    // Each write has its outcome in one of the two, in order.
    return writes.map(one => (isFill(one) ? outcomes.fills : outcomes.others).next().value as StoreWriteOutcome)
  }

  function fencesGroup(keepUntil: number) {
    return async (keys: readonly string[]): Promise<readonly (KeyFence | Unavailable)[]> => {
      const planted = keys.map(() => tombstoneValue(newFence()))
      const fences = await runScript(fencesScript, keys, [lifeUntil(keepUntil), ...planted])
      return keys.map((_, index) => textAfterPlus<KeyFence>(fences[index]))
    }
  }

  function removeGroup(keepUntil: number) {
    return async (keys: readonly string[]): Promise<readonly RemoveOutcome[]> => {
      const tombstones = keys.map(() => tombstoneValue(newFence()))
      const outcomes = await runScript(removeScript, keys, [lifeUntil(keepUntil), ...tombstones])
      return keys.map((_, index) => refusal(outcomes[index]) ?? { kind: outcomes[index] === 1 ? 'removed' : 'absent' })
    }
  }

  function marksGroup(keepUntil: number) {
    return async (keys: readonly string[]): Promise<readonly (Mark | Unavailable)[]> => {
      const marks = await runScript(marksScript, keys, [lifeUntil(keepUntil), ...keys.map(randomMark)])
      return keys.map((_, index) => textAfterPlus<Mark>(marks[index]))
    }
  }

  function renewGroup(keepUntil: number) {
    return async (renewals: readonly MarkRenewal[]): Promise<readonly ({ kind: 'renewed' } | Unavailable)[]> => {
      const keys = renewals.map(({ name }) => markKey(name))
      const marks = renewals.map(({ mark }) => mark)
      const outcomes = await runScript(renewMarksScript, keys, [lifeUntil(keepUntil), ...marks])
      return renewals.map((_, index) => refusal(outcomes[index]) ?? { kind: 'renewed' })
    }
  }

  return {
    name: 'redis',
    readLimitMs,
    writeLimitMs,
    read: async keys => {
      const [only] = keys
      if (only === undefined || keys.length > 1) return readAll(keys)
      return [await readOne(only).catch(error => unavailableOf(redis(), error))]
    },
    fences: (keys, keepUntil) =>
      inSlots<string, KeyFence | Unavailable>(
        redis(),
        keys.map(entryKey),
        same,
        maxWritesPerCall,
        fencesGroup(keepUntil),
      ),
    write,
    remove: (keys, keepUntil) =>
      inSlots<string, RemoveOutcome>(redis(), keys.map(entryKey), same, maxWritesPerCall, removeGroup(keepUntil)),
    marks: (names, keepUntil) =>
      inSlots<string, Mark | Unavailable>(redis(), names.map(markKey), same, maxWritesPerCall, marksGroup(keepUntil)),
    renewMarks: (renewals, keepUntil) => {
      const keyOf = ({ name }: MarkRenewal) => markKey(name)
      return inSlots<MarkRenewal, { kind: 'renewed' } | Unavailable>(
        redis(),
        renewals,
        keyOf,
        maxWritesPerCall,
        renewGroup(keepUntil),
      )
    },
    scan: async function* (glob, signal) {
      for await (const keys of scanKeys(redis(), keyPattern(entryPrefix, glob), scanStep, signal)) {
        // The pattern begins with the prefix of entries, behind which only keys of caches stand.
        yield keys.map(key => key.slice(entryPrefix.length) as CacheKey)
      }
    },
    life: () => lifeOf(redis()),
    onInterrupted: listener => {
      const { events } = redis()
      const endings = [events.on('away', listener), events.on('available', listener)]
      return () => {
        for (const end of endings) end()
      }
    },
  }
}

const same = (key: string) => key

function lifeText(lifeMs: number): string {
  return `${Math.min(longestLifeMs, Math.max(1, Math.ceil(lifeMs)))}`
}

/** What a script refused of one key: Redis answers, but not as it should. */
function refusal(outcome: RedisReply | undefined): Unavailable | undefined {
  return typeof outcome === 'number' ? undefined : { kind: 'unavailable', reason: new Error(String(outcome)) }
}

/** Scripts answer marks and fences behind a plus, to tell them from errors. */
function textAfterPlus<Text extends Mark | KeyFence>(answer: RedisReply | undefined): Text | Unavailable {
  const text = String(answer)
  // What stands behind the plus was made as such a text, here or by another process.
  return text.startsWith('+') ? (text.slice(1) as Text) : { kind: 'unavailable', reason: new Error(text) }
}
