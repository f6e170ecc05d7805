import assert from 'node:assert/strict'
import { cacheKey } from '../base/key.ts'
import { keyPrefix, namespacePath } from '../base/namespace-path.ts'
import type { Lease, LeaseOutcome, Leases } from '../ports/lease.ts'
import { type ContractCase, promisesOf } from './contract-case.ts'

/** Leases that nobody holds. */
export interface LeaseHarness {
  readonly leases: Leases
  /** The same leases as another process sees them. */
  readonly other: Leases
  /** Lets this much time pass for the leases. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const minute = 60_000
/** A life whose end is waited for, long enough to be renewed on a busy machine. */
const brief = 2_000
const prefix = keyPrefix(namespacePath('suite'))
const [a, b] = [cacheKey(prefix, 'a'), cacheKey(prefix, 'b')]

/** What all leases promise. */
export function leaseSuite(open: () => Promise<LeaseHarness>): readonly ContractCase[] {
  const promise = promisesOf(open)

  return [
    promise('has one holder a key', async ({ leases, other }) => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? leases : other).acquire(a, minute)),
      )
      assert.equal(outcomes.filter(({ kind }) => kind === 'held').length, 1)
      assert.equal(outcomes.filter(({ kind }) => kind === 'busy').length, 19)
      heldOf(await other.acquire(b, minute))
    }),
    promise('says how long it is held', async ({ leases, other }) => {
      heldOf(await leases.acquire(a, minute))
      const busy = await other.acquire(a, minute)
      if (busy.kind !== 'busy') assert.fail(busy.kind)
      assert.ok(busy.leftMs > minute / 2 && busy.leftMs <= minute, `${busy.leftMs} ms`)
    }),
    promise('is free after release, and tells the holder whether somebody asked', async ({ leases, other }) => {
      assert.equal(await heldOf(await leases.acquire(a, minute)).release(), 'released')
      const second = heldOf(await other.acquire(a, minute))
      assert.equal((await leases.acquire(a, minute)).kind, 'busy')
      assert.equal(await second.release(), 'waited')
      assert.equal(await heldOf(await leases.acquire(a, minute)).release(), 'released')
    }),
    promise('remembers across a renewal that somebody asked', async ({ leases, other }) => {
      const lease = heldOf(await leases.acquire(a, minute))
      await other.acquire(a, minute)
      assert.equal(await lease.renew(minute), 'renewed')
      assert.equal(await lease.release(), 'waited')
    }),
    promise('ends by itself', async ({ leases, other, pass }) => {
      const lost = heldOf(await leases.acquire(a, 50))
      await pass(100)
      const next = heldOf(await other.acquire(a, minute))
      assert.equal(await lost.renew(minute), 'lost')
      assert.equal(await lost.release(), 'lost')
      assert.equal((await leases.acquire(a, minute)).kind, 'busy')
      assert.equal(await next.release(), 'waited')
    }),
    promise('lasts for what it was renewed, longer or shorter than before', async ({ leases, other, pass }) => {
      const lease = heldOf(await leases.acquire(a, brief))
      assert.equal(await lease.renew(minute), 'renewed')
      await pass(brief + 50)
      assert.equal((await other.acquire(a, minute)).kind, 'busy')
      assert.equal(await lease.renew(brief), 'renewed')
      await pass(brief + 50)
      heldOf(await other.acquire(a, minute))
      assert.equal(await lease.renew(minute), 'lost')
    }),
    promise('is lost to its holder once it is released', async ({ leases }) => {
      const lease = heldOf(await leases.acquire(a, minute))
      assert.equal(await lease.release(), 'released')
      assert.equal(await lease.release(), 'lost')
      assert.equal(await lease.renew(minute), 'lost')
    }),
  ]
}

function heldOf(outcome: LeaseOutcome): Lease {
  if (outcome.kind !== 'held') assert.fail(`the lease is ${outcome.kind}`)
  return outcome.lease
}
