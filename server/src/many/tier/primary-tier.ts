import type { BusEvent, CacheKey, KeyGlob, Lease, LeaseOutcome, SharedTier, Store } from 'reprise'
import type { Talk } from '../talk.ts'
import { type StoreCall, tierTopics } from './tier-words.ts'

/** A busy primary process answers later than memory would; past these limits a worker goes on without it. */
const readLimitMs = 250
const writeLimitMs = 500

/**
 * The shared tier that the primary process keeps, as its worker processes use it where there is no Redis: what one
 * invalidates is invalidated for all, and a key is loaded once. When the primary is gone, so are its workers.
 */
export function primaryTier(talk: Talk): SharedTier {
  // What the primary's store answers, each call to its own kind of question.
  const call = <Answer>(name: StoreCall['call'], ...given: readonly unknown[]) =>
    talk.ask(tierTopics.store, { call: name, given } satisfies StoreCall) as Promise<Answer>

  const store: Store = {
    name: 'primary',
    readLimitMs,
    writeLimitMs,
    read: keys => call('read', keys),
    fences: (keys, keepUntil) => call('fences', keys, keepUntil),
    write: writes => call('write', writes),
    remove: (keys, keepUntil) => call('remove', keys, keepUntil),
    marks: (names, keepUntil) => call('marks', names, keepUntil),
    renewMarks: (renewals, keepUntil) => call('renewMarks', renewals, keepUntil),
    async *scan(glob: KeyGlob, signal) {
      for (const step of await call<readonly (readonly CacheKey[])[]>('scan', glob)) {
        signal?.throwIfAborted()
        yield step
      }
    },
    life: () => call('life'),
  }

  const listeners = new Map<number, (event: BusEvent) => void>()
  let lastSubscription = 0
  talk.hear(tierTopics.heard, news => {
    // As the primary tells it.
    const { subscription, event } = news as { readonly subscription: number; readonly event: BusEvent }
    listeners.get(subscription)?.(event)
  })

  function leaseOf(id: number): Lease {
    return {
      renew: lifeMs => talk.ask(tierTopics.renew, { id, lifeMs }) as ReturnType<Lease['renew']>,
      release: () => talk.ask(tierTopics.release, { id }) as ReturnType<Lease['release']>,
    }
  }

  return {
    store,
    bus: {
      publish: async (channel, text) => void (await talk.ask(tierTopics.publish, { channel, text })),
      subscribe: (channel, listener) => {
        lastSubscription += 1
        const subscription = lastSubscription
        listeners.set(subscription, listener)
        talk.tell(tierTopics.subscribe, { subscription, channel })
        return {
          close: async () => {
            listeners.delete(subscription)
            talk.tell(tierTopics.unsubscribe, { subscription })
          },
        }
      },
    },
    leases: {
      acquire: async (key, lifeMs): Promise<LeaseOutcome> => {
        const outcome = (await talk.ask(tierTopics.acquire, { key, lifeMs })) as AcquiredThere
        return outcome.kind === 'held' ? { kind: 'held', lease: leaseOf(outcome.id) } : outcome
      },
    },
    // The line stands as long as the process does.
    use: () => async () => {},
  }
}

/** A lease as it goes over the line. */
export type AcquiredThere =
  | { readonly kind: 'held'; readonly id: number }
  | Exclude<LeaseOutcome, { readonly kind: 'held' }>
