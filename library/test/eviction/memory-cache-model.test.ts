import fc from 'fast-check'
import { MemoryCache, type RemovalCause } from 'reprise/memory'
import { expect, it } from 'vitest'

interface Kept {
  readonly value: number
  readonly bytes: number
  readonly endsAt: number
}

type Operation =
  | { readonly kind: 'set'; readonly key: number; readonly bytes: number; readonly ttl: number | undefined }
  | { readonly kind: 'get' | 'peek' | 'has' | 'delete'; readonly key: number }
  | { readonly kind: 'advance'; readonly byMs: number }
  | { readonly kind: 'clear' | 'purge' }

const key = fc.integer({ min: 0, max: 30 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('set'),
      key,
      bytes: fc.integer({ min: 1, max: 40 }),
      ttl: fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom('get', 'peek', 'has', 'delete'), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('advance'), byMs: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('clear', 'purge') }) },
)
const bounds = fc.record({
  policy: fc.constantFrom('lru', 'adaptive'),
  unit: fc.constantFrom('entries', 'bytes'),
  bound: fc.integer({ min: 1, max: 30 }),
})

it('does what a plain map with bounds does, and tells of each value that left once', () => {
  fc.assert(
    fc.property(bounds, fc.array(operation, { maxLength: 200 }), (given, operations) => {
      const world = new World(given)
      for (const one of operations) {
        world.carryOut(one)
        world.check()
      }
    }),
    { numRuns: 400 },
  )
})

/** The cache, and a map that follows it by what onRemove tells. */
class World {
  readonly #cache: MemoryCache<number, number>
  readonly #model = new Map<number, Kept>()
  readonly #inBytes: boolean
  readonly #bound: number
  readonly #told: Record<RemovalCause, number> = { evicted: 0, expired: 0, deleted: 0, replaced: 0, cleared: 0 }
  #nowMs = 1_000
  #nextValue = 0
  #current: Operation = { kind: 'purge' }

  constructor({ policy, unit, bound }: { policy: 'lru' | 'adaptive'; unit: 'entries' | 'bytes'; bound: number }) {
    this.#inBytes = unit === 'bytes'
    this.#bound = bound
    this.#cache = new MemoryCache<number, number>({
      ...(this.#inBytes ? { maxBytes: bound } : { maxEntries: bound }),
      policy,
      clock: { now: () => this.#nowMs },
      onRemove: (removed, value, cause) => this.#remove(removed, value, cause),
    })
  }

  carryOut(one: Operation): void {
    this.#current = one
    switch (one.kind) {
      case 'set':
        this.#set(one.key, one.bytes, one.ttl)
        break
      case 'advance':
        this.#nowMs += one.byMs
        break
      case 'clear':
        this.#cache.clear()
        expect(this.#model.size).toBe(0)
        break
      case 'purge': {
        const ended = [...this.#model.values()].filter(kept => kept.endsAt <= this.#nowMs).length
        expect(this.#cache.purgeExpired()).toBe(ended)
        break
      }
      case 'delete': {
        const expected = this.#live(one.key) !== undefined
        expect(this.#cache.delete(one.key)).toBe(expected)
        expect(this.#model.has(one.key)).toBe(false)
        break
      }
      case 'has':
        expect(this.#cache.has(one.key)).toBe(this.#live(one.key) !== undefined)
        break
      default:
        expect(this.#cache[one.kind](one.key)).toBe(this.#live(one.key)?.value)
    }
  }

  check(): void {
    const live = [...this.#model].filter(([, kept]) => kept.endsAt > this.#nowMs)
    expect(new Map(this.#cache)).toEqual(new Map(live.map(([kept, { value }]) => [kept, value])))
    expect(this.#cache.size).toBe(this.#model.size)
    expect(this.#cache.bytes).toBe(this.#inBytes ? this.#weight() : 0)
    expect(this.#weight()).toBeLessThanOrEqual(this.#bound)
    expect(this.#cache.stats().removals).toEqual(this.#told)
  }

  #set(target: number, bytes: number, ttl: number | undefined): void {
    const value = this.#nextValue++
    const weight = this.#inBytes ? bytes : 1
    const fits = weight <= this.#bound
    const before = this.#weight() - (this.#model.has(target) ? this.#weightOf(this.#model.get(target)) : 0)
    const evictedBefore = this.#told.evicted + this.#told.expired
    const hadEnded = (this.#model.get(target)?.endsAt ?? Number.POSITIVE_INFINITY) <= this.#nowMs
    const kept = this.#cache.set(target, value, {
      ...(this.#inBytes && { bytes }),
      ...(ttl !== undefined && { ttl }),
    })
    expect(kept).toBe(fits)
    expect(this.#model.has(target)).toBe(false)
    const evicted = this.#told.evicted + this.#told.expired - evictedBefore - (hadEnded ? 1 : 0)
    if (!fits || before + weight <= this.#bound) expect(evicted, 'nothing goes without need').toBe(0)
    if (!fits) return
    this.#model.set(target, { value, bytes, endsAt: this.#nowMs + (ttl ?? Number.POSITIVE_INFINITY) })
  }

  #remove(target: number, value: number, cause: RemovalCause): void {
    const kept = this.#model.get(target)
    expect(kept?.value, 'what left had been kept').toBe(value)
    this.#model.delete(target)
    this.#told[cause] += 1
    const ended = (kept?.endsAt ?? 0) <= this.#nowMs
    const { kind } = this.#current
    const ofThisKey = 'key' in this.#current && this.#current.key === target
    if (cause === 'expired') expect(ended).toBe(true)
    else if (cause === 'cleared') expect(kind).toBe('clear')
    else {
      expect(ended).toBe(false)
      if (cause === 'deleted') expect([kind, ofThisKey]).toEqual(['delete', true])
      if (cause === 'replaced') expect([kind, ofThisKey]).toEqual(['set', true])
      if (cause === 'evicted') expect([kind, ofThisKey]).toEqual(['set', false])
    }
    expect(this.#inBytes ? this.#cache.bytes : this.#cache.size, 'the bound holds meanwhile').toBeLessThanOrEqual(
      this.#bound,
    )
  }

  #live(target: number): Kept | undefined {
    const kept = this.#model.get(target)
    return kept !== undefined && kept.endsAt > this.#nowMs ? kept : undefined
  }

  #weightOf(kept: Kept | undefined): number {
    return kept === undefined ? 0 : this.#inBytes ? kept.bytes : 1
  }

  #weight(): number {
    return [...this.#model.values()].reduce((sum, kept) => sum + this.#weightOf(kept), 0)
  }
}
