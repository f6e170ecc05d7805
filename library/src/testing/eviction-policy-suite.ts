import assert from 'node:assert/strict'
import type { EvictionPolicy, EvictionScene, MakeEvictionPolicy } from '../ports/eviction-policy.ts'
import type { ContractCase } from './contract-case.ts'

const bound = 100

/**
 * What every eviction policy promises, however it chooses.
 * @example for (const { name, run } of evictionPolicySuite(scene => new AdaptivePolicy(scene))) test(name, run)
 */
export function evictionPolicySuite(make: MakeEvictionPolicy): readonly ContractCase[] {
  const promise = (name: string, keep: (table: Table) => void): ContractCase => ({
    name,
    run: async () => keep(new Table(make)),
  })

  return [
    promise('gives up each entry once', table => {
      for (let slot = 0; slot < bound; slot += 1) table.insert(slot)
      for (let left = bound; left > 0; left -= 1) table.evict()
      assert.equal(table.held.size, 0)
    }),
    promise('gives up one that was never used before one that is used all the time', table => {
      for (let slot = 0; slot < bound; slot += 1) table.insert(slot)
      for (let round = 0; round < bound * 20; round += 1) {
        table.policy.touch(7)
        const slot = table.evict()
        assert.notEqual(slot, 7, `the used entry was evicted in round ${round}`)
        table.insert(slot)
      }
    }),
    promise('gives up an entry in the end although all are used', table => {
      for (let slot = 0; slot < bound; slot += 1) table.insert(slot)
      for (let round = 0; round < bound * 5; round += 1) {
        for (const slot of table.held) table.policy.touch(slot)
        table.insert(table.evict())
      }
    }),
    promise('forgets an entry that was removed', table => {
      for (let slot = 0; slot < bound; slot += 1) table.insert(slot)
      for (let slot = 0; slot < bound; slot += 3) table.remove(slot)
      while (table.held.size > 0) table.evict()
    }),
    promise('takes a slot again for another entry', table => {
      for (let round = 0; round < 1_000; round += 1) {
        if (table.held.size === bound) table.remove((round * 7) % bound)
        table.insert(table.firstFree())
        table.policy.touch((round * 3) % table.held.size)
      }
      assert.equal(table.held.size, bound)
    }),
    promise('keeps what it holds while it grows', table => {
      for (let slot = 0; slot < 10; slot += 1) table.insert(slot)
      table.insert(bound - 1)
      while (table.held.size > 0) table.evict()
    }),
    promise('begins anew after clear', table => {
      for (let slot = 0; slot < bound; slot += 1) table.insert(slot)
      table.clear()
      table.insert(3)
      assert.equal(table.evict(), 3)
    }),
    promise('goes on when entries change their weight', table => {
      for (let slot = 0; slot < 20; slot += 1) table.insert(slot, 1 + (slot % 5))
      for (let round = 0; round < 2_000; round += 1) {
        const slot = [...table.held][round % table.held.size] ?? 0
        table.policy.touch(slot)
        table.resize(slot, 1 + (round % 17))
        while (table.weight > bound) table.evict()
        if (table.held.size < 20) table.insert(table.firstFree(), 1 + (round % 5))
        assert.ok(table.held.size > 0)
      }
    }),
    promise('bears keys that have no hash', table => {
      table.hash = () => 0
      for (let round = 0; round < bound * 5; round += 1)
        table.insert(table.held.size < bound ? table.firstFree() : table.evict())
      assert.equal(table.held.size, bound)
    }),
  ]
}

/** Stands for the cache: gives out slots and knows what is held. */
class Table {
  readonly policy: EvictionPolicy
  readonly held = new Set<number>()
  hash = (key: number): number => Math.imul(key + 1, 0x9e37_79b1) | 1
  readonly #weights = new Map<number, number>()
  readonly #keys = new Map<number, number>()
  #nextKey = 0
  #capacity = 0

  constructor(make: MakeEvictionPolicy) {
    const scene: EvictionScene = {
      bound,
      weightOf: slot => this.#weights.get(slot) ?? Number.NaN,
      hashOf: slot => this.hash(this.#keys.get(slot) ?? 0),
    }
    this.policy = make(scene)
  }

  get weight(): number {
    return [...this.held].reduce((sum, slot) => sum + (this.#weights.get(slot) ?? 0), 0)
  }

  firstFree(): number {
    let slot = 0
    while (this.held.has(slot)) slot += 1
    return slot
  }

  insert(slot: number, weight = 1): void {
    if (slot >= this.#capacity) {
      this.#capacity = Math.max(this.#capacity * 2, slot + 1)
      this.policy.grow(this.#capacity)
    }
    this.#weights.set(slot, weight)
    this.#keys.set(slot, this.#nextKey % (bound * 2))
    this.#nextKey += 1
    this.held.add(slot)
    this.policy.insert(slot)
  }

  evict(): number {
    const slot = this.policy.evict()
    assert.ok(this.held.delete(slot), `slot ${slot} was given up, which holds nothing`)
    return slot
  }

  remove(slot: number): void {
    this.policy.remove(slot)
    this.held.delete(slot)
  }

  resize(slot: number, weight: number): void {
    const change = weight - (this.#weights.get(slot) ?? 0)
    this.#weights.set(slot, weight)
    this.policy.resize(slot, change)
  }

  clear(): void {
    this.policy.clear()
    this.held.clear()
    this.#capacity = 0
  }
}
