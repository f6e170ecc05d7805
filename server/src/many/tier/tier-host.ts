import type { BusSubscription, CacheKey, KeyGlob, Lease, SharedTier } from 'reprise'
import type { Talk } from '../talk.ts'
import type { AcquiredThere } from './primary-tier.ts'
import { type StoreCall, tierTopics } from './tier-words.ts'

/** Lets the worker process at the other end use a tier of this one. Answers what ends that use. */
export function hostTier({ store, bus, leases }: Required<SharedTier>, talk: Talk): () => void {
  const subscriptions = new Map<number, BusSubscription>()
  const held = new Map<number, Lease>()
  let lastLease = 0

  async function scanned(glob: KeyGlob): Promise<readonly (readonly CacheKey[])[]> {
    const steps: (readonly CacheKey[])[] = []
    for await (const step of store.scan(glob)) steps.push(step)
    return steps
  }

  talk.answer(tierTopics.store, question => {
    const { call, given } = question as StoreCall
    if (call === 'scan') return scanned(given[0] as KeyGlob)
    // The other end calls a store of the same type by the same name.
    const method = store[call] as (...args: readonly unknown[]) => Promise<unknown>
    return method(...given)
  })
  talk.answer(tierTopics.publish, question => {
    const { channel, text } = question as { readonly channel: string; readonly text: string }
    return bus.publish(channel, text)
  })
  talk.hear(tierTopics.subscribe, news => {
    const { subscription, channel } = news as { readonly subscription: number; readonly channel: string }
    const tell = (event: unknown) => talk.tell(tierTopics.heard, { subscription, event })
    subscriptions.set(subscription, bus.subscribe(channel, tell))
  })
  talk.hear(tierTopics.unsubscribe, news => {
    const { subscription } = news as { readonly subscription: number }
    void subscriptions.get(subscription)?.close()
    subscriptions.delete(subscription)
  })

  talk.answer(tierTopics.acquire, async (question): Promise<AcquiredThere> => {
    const { key, lifeMs } = question as { readonly key: CacheKey; readonly lifeMs: number }
    const outcome = await leases.acquire(key, lifeMs)
    if (outcome.kind !== 'held') return outcome
    lastLease += 1
    held.set(lastLease, outcome.lease)
    return { kind: 'held', id: lastLease }
  })
  talk.answer(tierTopics.renew, async question => {
    const { id, lifeMs } = question as { readonly id: number; readonly lifeMs: number }
    return (await held.get(id)?.renew(lifeMs)) ?? 'lost'
  })
  talk.answer(tierTopics.release, async question => {
    const { id } = question as { readonly id: number }
    const lease = held.get(id)
    held.delete(id)
    return (await lease?.release()) ?? 'lost'
  })

  return () => {
    for (const subscription of subscriptions.values()) void subscription.close()
    // Its leases end by themselves.
    subscriptions.clear()
    held.clear()
  }
}
