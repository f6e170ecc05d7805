import type { Clock } from '../../base/clock.ts'
import type { CacheKey } from '../../base/key.ts'
import { randomMark } from '../../base/random-mark.ts'
import type { Bus, BusEvent, BusSubscription } from '../../ports/bus.ts'
import type { Coherence } from '../coherence/coherence.ts'
import { patiently } from '../tiers/patience.ts'
import { type BusMessage, readMessage, writeMessages } from './bus-messages.ts'
import type { ForeignInvalidation } from './invalidation.ts'

export interface BusLinkOptions {
  readonly bus: Bus
  readonly channel: string
  readonly coherence: Coherence
  readonly clock: Clock
  readonly publishLimitMs: number
  /** Another process invalidated something. */
  readonly onInvalidation: (invalidation: ForeignInvalidation) => void
  /** Another process ended a lease that somebody waits for. */
  readonly onReleased: (key: CacheKey) => void
  /** Whether messages arrive. Told when that changes. */
  readonly onChange: (
    change: { readonly kind: 'deaf'; readonly reason: Error } | { readonly kind: 'listening' },
  ) => void
}

/** A cache's part in the talk of its processes: tells of its own invalidations, carries out those of others. */
export class BusLink {
  readonly #options: BusLinkOptions
  /** Its own messages come back, and mean nothing to it. */
  readonly #origin = randomMark()
  #subscription: BusSubscription | undefined

  constructor(options: BusLinkOptions) {
    this.#options = options
  }

  open(): void {
    const { bus, channel } = this.#options
    this.#subscription = bus.subscribe(channel, event => this.#hear(event))
  }

  /** Resolves to false when it is uncertain whether the others will hear it. */
  async publish(message: BusMessage): Promise<boolean> {
    const { bus, channel, publishLimitMs, clock } = this.#options
    const texts = writeMessages(this.#origin, message)
    const published = await patiently(
      () => Promise.all(texts.map(text => bus.publish(channel, text))),
      publishLimitMs,
      clock,
    )
    return published.kind === 'done'
  }

  async close(): Promise<void> {
    await this.#subscription?.close()
  }

  #hear(event: BusEvent): void {
    const { coherence, clock, onChange, onInvalidation, onReleased } = this.#options
    switch (event.kind) {
      case 'deaf':
        coherence.becomeDeaf(clock.now())
        onChange({ kind: 'deaf', reason: event.reason })
        break
      case 'listening':
        coherence.listen(clock.now())
        onChange({ kind: 'listening' })
        break
      case 'message': {
        const reading = readMessage(event.text, this.#origin)
        if (reading.kind !== 'message') break
        if (reading.message.kind === 'released') onReleased(reading.message.key)
        else onInvalidation(reading.message)
      }
    }
  }
}
