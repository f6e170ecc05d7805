import { type RedisTier, type RedisTierOptions, redis } from 'reprise/redis'
import { onTestFinished } from 'vitest'
import type { CacheKey } from '../../src/base/key.ts'
import type { MarkName } from '../../src/base/namespace-path.ts'
import type { BusEvent } from '../../src/ports/bus.ts'
import type { KeyFence, KeyGlob, StoreReading, Unavailable } from '../../src/ports/store.ts'

/** What is waited for comes within milliseconds; a busy machine may need longer. */
export const soon = { timeout: 10_000, interval: 10 }

/** A tier that is used until the test ends. */
export function tierOf(options: RedisTierOptions): RedisTier {
  const tier = redis(options)
  const end = tier.use()
  onTestFinished(end)
  return tier
}

export const key = (name: string) => `app:${name}|` as CacheKey
export const mark = (name: string) => `app#t:${name}` as MarkName
export const glob = (text: string) => text as KeyGlob
export const noFence = '' as KeyFence
export const bytes = (text: string) => Buffer.from(text)
export const inAMinute = () => Date.now() + 60_000

/** One write of a text under a key; unfenced unless a fence is given. */
export function entry(name: string, text: string, fence?: KeyFence, keepUntil = inAMinute()) {
  return { key: key(name), bytes: bytes(text), keepUntil, fence }
}

export async function readOne({ store }: RedisTier, name: string): Promise<StoreReading> {
  const [reading] = await store.read([key(name)])
  if (reading === undefined) throw new Error('A read answers each key.')
  return reading
}

export async function fenceOf(tier: RedisTier, name: string): Promise<KeyFence> {
  const reading = await readOne(tier, name)
  if (reading.kind === 'unavailable') throw reading.reason
  return reading.fence
}

/** The text of an entry, or what is there instead. */
export async function textOf(tier: RedisTier, name: string): Promise<string> {
  const reading = await readOne(tier, name)
  return reading.kind === 'entry' ? Buffer.from(reading.bytes).toString() : `(${reading.kind})`
}

export async function set(tier: RedisTier, name: string, text: string, fence?: KeyFence): Promise<string | undefined> {
  const [outcome] = await tier.store.write([entry(name, text, fence)])
  return outcome?.kind
}

export async function remove(tier: RedisTier, name: string): Promise<string | undefined> {
  const [outcome] = await tier.store.remove([key(name)], inAMinute())
  return outcome?.kind
}

export function isUnavailable(outcome: { readonly kind: string } | string): outcome is Unavailable {
  return typeof outcome !== 'string' && outcome.kind === 'unavailable'
}

/** What a listener of a channel is told, as short texts. */
export function listen(tier: RedisTier, channel: string) {
  const told: string[] = []
  const subscription = tier.bus.subscribe(channel, event => told.push(shortly(event)))
  onTestFinished(() => subscription.close())
  return { told, close: () => subscription.close() }
}

function shortly(event: BusEvent): string {
  return event.kind === 'message' ? event.text : `(${event.kind})`
}
