import fc from 'fast-check'
import type { AppendOperation, HistoryOperation, ReadOperation } from 'reprise/testing'

const guests = ['g0', 'g1'] as const

/** An operation that takes effect between its start and its end, unless it is dropped; its answer may be lost. */
const planned = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant('append' as const) },
    { weight: 3, arbitrary: fc.constant('append_twice' as const) },
    { weight: 6, arbitrary: fc.constant('read' as const) },
    { weight: 2, arbitrary: fc.constant('erase' as const) },
    { weight: 1, arbitrary: fc.constant('migrate' as const) },
  ),
  guest: fc.constantFrom(...guests),
  startedAtMs: fc.nat(400),
  toEffectMs: fc.integer({ min: 1, max: 40 }),
  toEndMs: fc.integer({ min: 1, max: 40 }),
  answer: fc.constantFrom('given', 'given', 'given', 'lost', 'dropped'),
})
type Planned = typeof planned extends fc.Arbitrary<infer Value> ? Value : never

export const plan = fc.array(planned, { minLength: 1, maxLength: 40 })

interface Effect extends Planned {
  readonly value: string
  readonly key: string | undefined
}

/** Carries out a plan as a store without fault would, each operation in one instant, and answers the log of it. */
export function simulate(plans: readonly Planned[]): HistoryOperation[] {
  const simulation = new Simulation()
  const effects = plans.flatMap((each, index): Effect[] => {
    const value = `m${index}`
    if (each.kind !== 'append_twice') return [{ ...each, value, key: undefined }]
    const again = { startedAtMs: each.startedAtMs + each.toEndMs, answer: 'given' as const }
    return [
      { ...each, value, key: value },
      { ...each, ...again, value, key: value },
    ]
  })
  const effectAt = (effect: Effect) => effect.startedAtMs + effect.toEffectMs
  for (const effect of effects.toSorted((left, right) => effectAt(left) - effectAt(right))) simulation.carryOut(effect)
  simulation.readAll(1_000)
  return simulation.log
}

class Simulation {
  readonly log: HistoryOperation[] = []
  readonly #contents = new Map<string, string[]>()
  readonly #conversationOf = new Map<string, string>()
  readonly #migrated = new Map<string, { readonly user: string; readonly conversationId: string }>()
  #conversations = 0

  carryOut(effect: Effect): void {
    const { startedAtMs, toEffectMs, toEndMs, answer, guest } = effect
    const endedAtMs = startedAtMs + toEffectMs + toEndMs
    const span = { startedAtMs, endedAtMs }
    const isMigrated = this.#migrated.has(guest)
    switch (effect.kind) {
      case 'append':
      case 'append_twice': {
        const outcome = answer === 'dropped' ? undefined : this.#append(guest, effect.value)
        const known: AppendOperation['outcome'] =
          answer === 'given' && outcome !== undefined ? outcome : { kind: 'unknown' }
        const key = effect.key === undefined ? {} : { idempotencyKey: effect.key }
        this.log.push({ kind: 'append', owner: guest, value: effect.value, ...span, ...key, outcome: known })
        return
      }
      case 'read':
        if (answer === 'given') this.log.push({ kind: 'read', owner: guest, ...span, outcome: this.#read(guest) })
        return
      case 'erase': {
        if (answer !== 'dropped' && !isMigrated) this.#conversationOf.delete(guest)
        const known = isMigrated ? 'refused' : 'acknowledged'
        this.log.push({ kind: 'erase', owner: guest, ...span, outcome: answer === 'given' ? known : 'unknown' })
        return
      }
      case 'migrate': {
        const user = `user of ${guest}`
        const conversationId = this.#conversationOf.get(guest)
        const completes = isMigrated || conversationId !== undefined
        if (answer !== 'dropped' && !isMigrated && conversationId !== undefined) {
          this.#migrated.set(guest, { user, conversationId })
          this.#conversationOf.delete(guest)
        }
        const known = completes ? 'completed' : 'refused'
        this.log.push({ kind: 'migrate', guest, user, ...span, outcome: answer === 'given' ? known : 'unknown' })
      }
    }
  }

  readAll(startedAtMs: number): void {
    const span = { startedAtMs, endedAtMs: startedAtMs + 1 }
    for (const guest of guests) {
      this.log.push({ kind: 'read', owner: guest, ...span, outcome: this.#read(guest) })
      const migrated = this.#migrated.get(guest)
      if (migrated === undefined) continue
      const { user, conversationId } = migrated
      const outcome = { kind: 'messages', values: this.#valuesOf(conversationId), stale: false } as const
      this.log.push({ kind: 'read', owner: user, conversationId, ...span, outcome })
    }
  }

  #append(guest: string, value: string): AppendOperation['outcome'] {
    if (this.#migrated.has(guest)) return { kind: 'migrated' }
    const conversationId = this.#conversationOf.get(guest) ?? this.#begin(guest)
    const values = this.#valuesOf(conversationId)
    if (!values.includes(value)) values.push(value)
    return { kind: 'acknowledged', conversationId, sequence: values.indexOf(value) }
  }

  #begin(guest: string): string {
    this.#conversations += 1
    const conversationId = `c${this.#conversations}`
    this.#conversationOf.set(guest, conversationId)
    this.#contents.set(conversationId, [])
    return conversationId
  }

  #read(guest: string): ReadOperation['outcome'] {
    if (this.#migrated.has(guest)) return { kind: 'migrated' }
    const conversationId = this.#conversationOf.get(guest)
    return { kind: 'messages', values: [...this.#valuesOf(conversationId ?? '')], stale: false }
  }

  #valuesOf(conversationId: string): string[] {
    return this.#contents.get(conversationId) ?? []
  }
}
