import { inProcessTier } from 'reprise/memory-copies'
import { busSuite, leaseSuite, storeSuite } from 'reprise/testing'
import { describe, it } from 'vitest'
import { manualClock } from '../embedded/manual-clock.ts'

function open() {
  const clock = manualClock()
  const tier = inProcessTier({ clock })
  if (tier.bus === undefined || tier.leases === undefined) throw new Error('the tier has a bus and leases')
  const { store, bus, leases } = tier
  const around = {
    now: () => clock.now(),
    pass: async (ms: number) => clock.advance(ms),
    close: async () => {},
  }
  return { store, bus, leases, ...around }
}

describe('the store within one process', () => {
  for (const { name, run } of storeSuite(async () => {
    const harness = open()
    return { ...harness, other: harness.store }
  }))
    it(name, run)
})

describe('the bus within one process', () => {
  for (const { name, run } of busSuite(async () => {
    const harness = open()
    return { ...harness, other: harness.bus }
  }))
    it(name, run)
})

describe('the leases within one process', () => {
  for (const { name, run } of leaseSuite(async () => {
    const harness = open()
    return { ...harness, other: harness.leases }
  }))
    it(name, run)
})
