import type { Registry } from 'prom-client'
import type { Clock } from '../../base/clock.ts'
import type { ConversationCopies } from '../../ports/chat/conversation-copies.ts'
import type { Outbox } from '../../ports/chat/outbox.ts'
import { metricFamilies } from './metric-families.ts'
import { registerGauge } from './register.ts'

export interface Sampled {
  /** The memory that the cache uses, in bytes: `used_memory` of Redis, or what this process keeps. */
  readonly cacheMemoryBytes: (() => number | Promise<number>) | undefined
  readonly cacheMemoryIsShared: boolean
  readonly copies: Pick<ConversationCopies, 'isAvailable'> | undefined
  readonly outbox: Pick<Outbox, 'counts'> | undefined
}

const everyMs = 5_000

/**
 * Values that must be asked for. They are asked now and then rather than at a scrape, so that a scrape never waits for
 * Redis or the database; a value that cannot be had is absent rather than old.
 */
export function sampledMetrics(registry: Registry, sampled: Sampled, clock: Clock, signal: AbortSignal): void {
  const { cacheMemoryBytes, cacheMemoryIsShared, copies, outbox } = sampled
  const memory = registerGauge(registry, {
    ...metricFamilies.cacheMemoryBytes,
    together: cacheMemoryIsShared ? 'same' : 'sum',
  })
  const pending = registerGauge(registry, metricFamilies.outboxPending)
  const dead = registerGauge(registry, metricFamilies.outboxDead)
  const age = registerGauge(registry, metricFamilies.outboxAge)
  const sampledGauges = [memory, pending, dead, age]
  for (const gauge of sampledGauges) gauge.remove()
  if (copies !== undefined) {
    registerGauge(registry, metricFamilies.copyAvailable, gauge => gauge.set(copies.isAvailable ? 1 : 0))
  }

  async function sample<Value>(read: () => Value | Promise<Value>, show: (value: Value) => void, hide: () => void) {
    while (!signal.aborted) {
      try {
        show(await read())
      } catch {
        hide()
      }
      await clock.sleep(everyMs, signal)
    }
  }

  if (cacheMemoryBytes !== undefined) {
    void sample(
      cacheMemoryBytes,
      bytes => memory.set(bytes),
      () => memory.remove(),
    )
  }
  if (outbox !== undefined) {
    const gauges = [pending, dead, age]
    void sample(
      () => outbox.counts(),
      counts => {
        pending.set(counts.pending)
        dead.set(counts.dead)
        age.set(counts.oldestPendingSeconds)
      },
      () => {
        for (const gauge of gauges) gauge.remove()
      },
    )
  }
}
