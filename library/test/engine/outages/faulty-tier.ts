import type { Bus, BusEvent, Clock, SharedTier, Store } from 'reprise'
import { inProcessTier } from 'reprise/memory-copies'

/** What is wrong with a shared tier at the moment. */
export type Fault =
  /** Nothing is wrong. */
  | 'none'
  /** Calls are never answered, as by a stopped Redis. */
  | 'stalled'
  /** Calls fail at once, as without a connection. */
  | 'refusing'
  /** Reads work, writes do not, as with a full Redis. */
  | 'full'

const partAway = { kind: 'unavailable', reason: new Error('one node is away'), isPartial: true } as const

export interface FaultyTier {
  readonly tier: SharedTier
  fault: Fault
  /** Keys of a part of the store that is away while the rest answers. */
  isInDeadPart: (key: string) => boolean
  /** How often the store was called, by method. */
  readonly calls: Record<string, number>
  /** The bus goes deaf for everybody who listens through this tier: what is published is lost to them. */
  deafen(): void
  /** It listens again. */
  heal(): void
  /** Another store takes its place, with another life. */
  rebirth(store: Store): void
  /** How many uses are not ended. */
  uses: number
}

/** A shared tier whose faults the test chooses; several caches may use `of`'s store and bus, each through faults of its own. */
export function faultyTier(clock: Clock, of: SharedTier = inProcessTier({ clock })): FaultyTier {
  let { store } = of
  let lives = 0
  const calls: Record<string, number> = {}
  const listeners = new Set<(event: BusEvent) => void>()
  let isDeaf = false

  function through<Result>(name: string, isWrite: boolean, call: () => Promise<Result>): Promise<Result> {
    calls[name] = (calls[name] ?? 0) + 1
    if (faulty.fault === 'stalled') return new Promise(() => {})
    if (faulty.fault === 'refusing' || (faulty.fault === 'full' && isWrite))
      return Promise.reject(new Error(faulty.fault))
    return call()
  }

  const bus: Bus = {
    publish: (channel, text) =>
      through('publish', false, async () => {
        if (isDeaf) throw new Error('no connection')
        await of.bus?.publish(channel, text)
      }),
    subscribe: (channel, listener) => {
      const hear = (event: BusEvent) => {
        if (!isDeaf) listener(event)
      }
      listeners.add(listener)
      const subscription = of.bus?.subscribe(channel, hear)
      return {
        close: async () => {
          listeners.delete(listener)
          await subscription?.close()
        },
      }
    },
  }

  const faulty: FaultyTier = {
    fault: 'none',
    isInDeadPart: () => false,
    calls,
    uses: 0,
    tier: {
      store: {
        name: 'faulty',
        readLimitMs: 100,
        writeLimitMs: 200,
        read: keys => through('read', false, () => store.read(keys)),
        fences: (keys, keepUntil) => through('fences', true, () => store.fences(keys, keepUntil)),
        write: writes => through('write', true, () => store.write(writes)),
        remove: (keys, keepUntil) =>
          through('remove', true, async () => {
            const isDead = keys.map(faulty.isInDeadPart)
            const removed = await store.remove(
              keys.filter((_, index) => !isDead[index]),
              keepUntil,
            )
            const outcomes = removed.values()
            return isDead.map(dead => (dead ? partAway : (outcomes.next().value ?? partAway)))
          }),
        marks: (names, keepUntil) => through('marks', false, () => store.marks(names, keepUntil)),
        renewMarks: (renewals, keepUntil) => through('renewMarks', true, () => store.renewMarks(renewals, keepUntil)),
        scan: (glob, signal) => store.scan(glob, signal),
        life: () =>
          through('life', false, async () => {
            const life = await store.life()
            return new Map([...life].map(([part, text]) => [part, text && `${text} ${lives}`]))
          }),
      },
      bus,
      leases: {
        acquire: (key, lifeMs) =>
          through('acquire', true, async () => (await of.leases?.acquire(key, lifeMs)) ?? { kind: 'busy', leftMs: 0 }),
      },
      use: () => {
        faulty.uses += 1
        return async () => {
          faulty.uses -= 1
        }
      },
    },
    deafen: () => {
      isDeaf = true
      for (const listener of listeners) listener({ kind: 'deaf', reason: new Error('the connection was lost') })
    },
    heal: () => {
      isDeaf = false
      for (const listener of listeners) listener({ kind: 'listening' })
    },
    rebirth: reborn => {
      store = reborn
      lives += 1
    },
  }
  return faulty
}
