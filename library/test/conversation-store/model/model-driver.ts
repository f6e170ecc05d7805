import { hash } from 'node:crypto'
import fc from 'fast-check'
import type { AppendRequest, ConversationStore } from 'reprise'
import {
  type ConversationId,
  type GuestId,
  newMessageId,
  parseGuestId,
  parseInstant,
  parseUserId,
  type UserId,
} from 'reprise'
import { expect } from 'vitest'
import type { ConversationModel, ModelTarget } from './conversation-model.ts'

const guests = ['g0', 'g1', 'g2'] as const
const users = ['u0', 'u1'] as const
export const limit = 4

const guest = fc.constantFrom(...guests)
const user = fc.constantFrom(...users)
const target = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('guest' as const), guest }) },
  fc.record({ kind: fc.constant('user' as const), user, index: fc.nat(2) }),
)
const draft = fc.record({
  target,
  content: fc.constantFrom('a', 'bb', 'äöü'),
  key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined, freq: 2 }),
})

/** One thing that somebody does to the store. */
export const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      batch: fc.array(draft, { minLength: 1, maxLength: 8 }),
      enforceQuota: fc.boolean(),
    }),
  },
  fc.record({ kind: fc.constant('erase' as const), guest }),
  fc.record({ kind: fc.constant('erase_conversation' as const), user, index: fc.nat(2) }),
  fc.record({ kind: fc.constant('migrate' as const), guest, user }),
  fc.record({ kind: fc.constant('create' as const), user }),
  fc.record({ kind: fc.constant('register' as const), guest }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('page' as const),
      target,
      after: fc.integer({ min: -1, max: 5 }),
      limit: fc.integer({ min: 1, max: 4 }),
      maxBytes: fc.integer({ min: 1, max: 12 }),
    }),
  },
)
export type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never
type Target = Extract<Action, { kind: 'page' }>['target']

/** Does the same to the store and to the model, and compares their answers. Names are unique to the driver. */
export class ModelDriver {
  readonly #store: ConversationStore
  readonly #model: ConversationModel
  readonly #prefix: string
  /** The ids of each user's conversations, in the order of the model. */
  readonly #ids = new Map<string, ConversationId[]>()
  readonly #idOfGuest = new Map<string, ConversationId>()
  /** The epoch that each guest began with; the model counts from 0. */
  readonly #firstEpochs = new Map<string, number>()

  constructor(store: ConversationStore, model: ConversationModel, prefix: string) {
    this.#store = store
    this.#model = model
    this.#prefix = prefix
  }

  guestId = (name: string): GuestId => parseGuestId(`${this.#prefix}-${name}`)
  userId = (name: string): UserId => parseUserId(`${this.#prefix}-${name}`)

  /** A store's outcome with the epoch counted as the model counts it. */
  #sinceFirst<Outcome extends object>(name: string, outcome: Outcome, expected: { readonly epoch?: number }): Outcome {
    if (!('epoch' in outcome) || typeof outcome.epoch !== 'number' || expected.epoch === undefined) return outcome
    const first = this.#firstEpochs.get(name) ?? outcome.epoch - expected.epoch
    this.#firstEpochs.set(name, first)
    return { ...outcome, epoch: outcome.epoch - first }
  }

  async do(step: Action): Promise<void> {
    switch (step.kind) {
      case 'append':
        return this.#append(step)
      case 'erase': {
        const outcome = await this.#store.eraseGuest(this.guestId(step.guest))
        const { messages, ...expected } = this.#model.eraseGuest(step.guest)
        expect(this.#sinceFirst(step.guest, outcome, expected)).toMatchObject(expected)
        if (outcome.kind === 'erased') expect(outcome.rows['message_cache']).toBe(messages)
        this.#idOfGuest.delete(step.guest)
        return
      }
      case 'erase_conversation': {
        const outcome = await this.#store.eraseConversation(this.userId(step.user), this.#idOf(step.user, step.index))
        const expected = this.#model.eraseConversation(step.user, step.index)
        expect(outcome.kind).toBe(expected.kind)
        if (outcome.kind === 'erased') {
          expect(outcome.rows['message_cache']).toBe(expected.messages)
          this.#ids.get(step.user)?.splice(step.index, 1)
        }
        return
      }
      case 'migrate': {
        const outcome = await this.#store.migrateGuest(this.guestId(step.guest), this.userId(step.user))
        const { messages, ...expected } = this.#model.migrate(step.guest, step.user)
        expect(this.#sinceFirst(step.guest, outcome, expected)).toMatchObject(expected)
        const id = this.#idOfGuest.get(step.guest)
        if (outcome.kind !== 'completed' || !outcome.first || id === undefined) return
        expect(outcome.receipt.messages).toBe(messages)
        this.#ids.set(step.user, [...(this.#ids.get(step.user) ?? []), id])
        return
      }
      case 'create': {
        const { conversationId } = await this.#store.createConversation(this.userId(step.user))
        this.#model.create(step.user)
        this.#ids.set(step.user, [...(this.#ids.get(step.user) ?? []), conversationId])
        return
      }
      case 'register': {
        const secret = `secret of ${step.guest}`
        const registered = await this.#store.registerGuest(this.guestId(step.guest), secret)
        expect(registered).toBe(this.#model.register(step.guest, secret))
        return
      }
      case 'page':
        return this.#page(step)
    }
  }

  async #append({ batch, enforceQuota }: Extract<Action, { kind: 'append' }>): Promise<void> {
    const requests = batch.map((item): AppendRequest => {
      const contentHash = hash('sha256', item.content)
      return {
        target: this.#targetOf(item.target),
        messageId: newMessageId(Date.now()),
        message: { role: 'user', content: item.content, timestamp: parseInstant('2026-01-31T12:00:00Z') },
        contentHash,
        isSynced: true,
        idempotency: item.key === undefined ? undefined : { key: item.key, fingerprint: contentHash },
      }
    })
    const outcomes = await this.#store.append(requests, { enforceQuota, guestMonthlyLimit: limit, embed: true })
    const expected = batch.map(item => this.#model.append(this.#modelTargetOf(item.target), item, enforceQuota))
    const counted = outcomes.map((outcome, index) => {
      const whose = batch[index]?.target
      return whose?.kind === 'guest' ? this.#sinceFirst(whose.guest, outcome, expected[index] ?? {}) : outcome
    })
    expect(counted).toMatchObject(expected)
    outcomes.forEach((outcome, index) => {
      const whose = batch[index]?.target
      if (outcome.kind !== 'saved' || whose?.kind !== 'guest') return
      const known = this.#idOfGuest.get(whose.guest) ?? outcome.conversationId
      expect(outcome.conversationId).toBe(known)
      this.#idOfGuest.set(whose.guest, known)
    })
    // A guest whose every message was refused has a conversation too.
    for (const { target: whose } of batch) if (whose.kind === 'guest') await this.#learnId(whose.guest)
  }

  async #learnId(name: string): Promise<void> {
    const [fence] = await this.#store.fences([this.guestId(name)])
    if (fence?.kind === 'active') this.#idOfGuest.set(name, fence.conversationId)
  }

  async #page({ target: whose, after, limit: most, maxBytes }: Extract<Action, { kind: 'page' }>): Promise<void> {
    const page = await this.#store.page(this.#targetOf(whose), { afterSequence: after, limit: most, maxBytes })
    if (whose.kind === 'guest' && this.#model.guest(whose.guest).migratedTo !== undefined) {
      expect(page).toEqual({ kind: 'migrated' })
      return
    }
    const conversation =
      whose.kind === 'guest'
        ? this.#model.guest(whose.guest).conversation
        : this.#model.conversations(whose.user)[whose.index]
    if (conversation === undefined) {
      expect(page).toEqual({ kind: 'unknown' })
      return
    }
    let bytes = 0
    const expected = conversation.messages
      .map((message, sequence) => ({ content: message.content, sequence }))
      .slice(after + 1, after + 1 + most)
      .filter(({ content }, index) => {
        bytes += Buffer.byteLength(content)
        return index === 0 || bytes <= maxBytes
      })
    expect(page).toMatchObject({ kind: 'page', messages: expected, nextSequence: conversation.messages.length })
  }

  /** Compares all that can be read. */
  async compareAll(): Promise<void> {
    const fences = await this.#store.fences(guests.map(this.guestId))
    for (const [index, name] of guests.entries()) {
      const { epoch, conversation, migratedTo, secret } = this.#model.guest(name)
      expect(await this.#store.secretHash(this.guestId(name))).toBe(secret)
      if (migratedTo !== undefined) expect(fences[index]).toEqual({ kind: 'migrated' })
      else if (conversation === undefined) expect(fences[index]).toEqual({ kind: 'unknown' })
      else
        expect(this.#sinceFirst(name, fences[index] ?? {}, { epoch })).toMatchObject({
          kind: 'active',
          epoch,
          nextSequence: conversation.messages.length,
          contentBytes: Buffer.byteLength(conversation.messages.map(message => message.content).join('')),
        })
    }
    for (const name of users) {
      const listed = await this.#store.listConversations(this.userId(name), { limit: 100, offset: 0 })
      const counts = new Map(listed.map(({ conversationId, messageCount }) => [conversationId, messageCount]))
      const ids = this.#ids.get(name) ?? []
      const expected = this.#model.conversations(name).map(conversation => conversation.messages.length)
      expect(ids.map(id => counts.get(id))).toEqual(expected)
      expect(listed.length).toBe(expected.length)
      for (const index of expected.keys())
        await this.#page({
          kind: 'page',
          target: { kind: 'user', user: name, index },
          after: -1,
          limit: 1_000,
          maxBytes: 1_000_000,
        })
    }
  }

  #idOf(name: string, index: number): ConversationId {
    return this.#ids.get(name)?.[index] ?? (newMessageId(Date.now()) as string as ConversationId)
  }

  #targetOf(whose: Target) {
    return whose.kind === 'guest'
      ? ({ kind: 'guest', guestId: this.guestId(whose.guest) } as const)
      : ({
          kind: 'user',
          userId: this.userId(whose.user),
          conversationId: this.#idOf(whose.user, whose.index),
        } as const)
  }

  #modelTargetOf(whose: Target): ModelTarget {
    if (whose.kind === 'guest') return whose
    return { kind: 'user', user: whose.user, conversation: this.#model.conversations(whose.user)[whose.index] }
  }
}
