/** A message as the model keeps it. Its content is its fingerprint under a key. */
export interface ModelMessage {
  readonly content: string
  readonly key: string | undefined
}

export interface ModelConversation {
  readonly messages: readonly ModelMessage[]
}

interface ModelGuest {
  readonly epoch: number
  readonly conversation: ModelConversation | undefined
  readonly migratedTo: string | undefined
  readonly secret: string | undefined
}

const noGuest: ModelGuest = { epoch: 0, conversation: undefined, migratedTo: undefined, secret: undefined }
const empty: ModelConversation = { messages: [] }

export type ModelTarget =
  | { readonly kind: 'guest'; readonly guest: string }
  | { readonly kind: 'user'; readonly user: string; readonly conversation: ModelConversation | undefined }

export interface ModelOutcome {
  readonly kind: string
  readonly sequence?: number
  readonly epoch?: number
}

/** What a conversation store does, one after another and in memory: what the real one is compared with. */
export class ConversationModel {
  readonly #limit: number
  readonly #guests = new Map<string, ModelGuest>()
  readonly #ofUser = new Map<string, readonly ModelConversation[]>()
  /** Messages counted, by tier and owner. */
  readonly #used = new Map<string, number>()
  readonly audit: string[] = []

  constructor(guestMonthlyLimit: number) {
    this.#limit = guestMonthlyLimit
  }

  guest(name: string): ModelGuest {
    return this.#guests.get(name) ?? noGuest
  }

  conversations(user: string): readonly ModelConversation[] {
    return this.#ofUser.get(user) ?? []
  }

  used(tier: 'guest' | 'user', owner: string): number | undefined {
    return this.#used.get(`${tier} ${owner}`)
  }

  append(target: ModelTarget, message: ModelMessage, enforceQuota: boolean): ModelOutcome {
    return target.kind === 'guest'
      ? this.#appendOfGuest(target.guest, message, enforceQuota)
      : this.#appendOfUser(target.user, target.conversation, message)
  }

  #appendOfGuest(name: string, message: ModelMessage, enforceQuota: boolean): ModelOutcome {
    const guest = this.guest(name)
    if (guest.migratedTo !== undefined) return { kind: 'migrated' }
    const conversation = guest.conversation ?? empty
    this.#guests.set(name, { ...guest, conversation })
    const known = replay(conversation, message)
    if (known !== undefined) return known
    if (enforceQuota && (this.used('guest', name) ?? 0) >= this.#limit) return { kind: 'over_quota' }
    this.#count('guest', name, 1)
    this.#guests.set(name, { ...guest, conversation: { messages: [...conversation.messages, message] } })
    return { kind: 'saved', sequence: conversation.messages.length, epoch: guest.epoch }
  }

  #appendOfUser(user: string, conversation: ModelConversation | undefined, message: ModelMessage): ModelOutcome {
    const index = this.conversations(user).indexOf(conversation ?? empty)
    if (conversation === undefined || index < 0) return { kind: 'unknown_conversation' }
    const known = replay(conversation, message)
    if (known !== undefined) return known
    this.#count('user', user, 1)
    const grown = { messages: [...conversation.messages, message] }
    this.#ofUser.set(user, this.conversations(user).with(index, grown))
    return { kind: 'saved', sequence: conversation.messages.length, epoch: 0 }
  }

  eraseGuest(name: string): ModelOutcome & { readonly messages?: number } {
    const guest = this.guest(name)
    if (guest.migratedTo !== undefined) return { kind: 'migrated' }
    if (!this.#guests.has(name)) return { kind: 'erased', messages: 0 }
    this.#guests.set(name, { ...guest, epoch: guest.epoch + 1, conversation: undefined })
    return { kind: 'erased', epoch: guest.epoch + 1, messages: guest.conversation?.messages.length ?? 0 }
  }

  eraseConversation(user: string, index: number): ModelOutcome & { readonly messages?: number } {
    const conversation = this.conversations(user)[index]
    if (conversation === undefined) return { kind: 'unknown' }
    this.#ofUser.set(user, this.conversations(user).toSpliced(index, 1))
    return { kind: 'erased', messages: conversation.messages.length }
  }

  migrate(name: string, user: string): ModelOutcome & { readonly first?: boolean; readonly messages?: number } {
    const guest = this.guest(name)
    if (guest.migratedTo === user) return { kind: 'completed', first: false, epoch: guest.epoch }
    if (guest.migratedTo !== undefined) {
      this.audit.push('failed')
      return { kind: 'other_user' }
    }
    if (guest.conversation === undefined) return { kind: 'unknown' }
    this.audit.push('completed')
    const used = this.used('guest', name)
    if (used !== undefined) this.#count('user', user, used)
    this.#used.delete(`guest ${name}`)
    this.#ofUser.set(user, [...this.conversations(user), guest.conversation])
    this.#guests.set(name, { ...guest, epoch: guest.epoch + 1, conversation: undefined, migratedTo: user })
    return { kind: 'completed', first: true, epoch: guest.epoch + 1, messages: guest.conversation.messages.length }
  }

  create(user: string): void {
    this.#ofUser.set(user, [...this.conversations(user), { messages: [] }])
  }

  register(name: string, secret: string): boolean {
    if (this.#guests.has(name)) return false
    this.#guests.set(name, { ...noGuest, secret })
    return true
  }

  #count(tier: 'guest' | 'user', owner: string, messages: number): void {
    this.#used.set(`${tier} ${owner}`, (this.used(tier, owner) ?? 0) + messages)
  }
}

function replay({ messages }: ModelConversation, { key, content }: ModelMessage): ModelOutcome | undefined {
  const sequence = key === undefined ? -1 : messages.findIndex(message => message.key === key)
  if (sequence < 0) return undefined
  return messages[sequence]?.content === content ? { kind: 'replayed', sequence } : { kind: 'key_conflict' }
}
