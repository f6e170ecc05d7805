import type {
  AppendOperation,
  EraseOperation,
  HistoryOperation,
  MigrateOperation,
  ReadOperation,
} from './operations.ts'

/** A message: all attempts to send it, which are one, or retries by one key. */
export interface SentMessage {
  readonly value: string
  readonly owner: string
  readonly attempts: readonly AppendOperation[]
  readonly firstStartedAtMs: number
}

/** Where a message stands in a conversation. */
export interface Placement {
  readonly message: SentMessage
  readonly sequence: number
  /** The first acknowledgement of this place; none where it is only known from reads. */
  readonly acknowledgement: AppendOperation | undefined
}

/** A read that answered messages. */
export interface AnsweredRead {
  readonly operation: ReadOperation
  readonly values: readonly string[]
  readonly stale: boolean
  /** The conversation that was read: none when it was empty, several when the same was sent again around an erase. */
  readonly candidates: readonly string[]
}

export interface ArrangedConversation {
  readonly id: string
  /** Who wrote to it. */
  readonly owners: ReadonlySet<string>
  readonly placements: readonly Placement[]
  readonly reads: readonly AnsweredRead[]
}

export interface ArrangedHistory {
  readonly messages: ReadonlyMap<string, SentMessage>
  readonly conversations: ReadonlyMap<string, ArrangedConversation>
  readonly appends: readonly AppendOperation[]
  readonly reads: readonly ReadOperation[]
  readonly answeredReads: readonly AnsweredRead[]
  readonly erases: readonly EraseOperation[]
  readonly migrations: readonly MigrateOperation[]
}

/** Sorts a log of operations by message and by conversation. */
export function arrange(operations: readonly HistoryOperation[]): ArrangedHistory {
  const appends = operations.filter(operation => operation.kind === 'append')
  const reads = operations.filter(operation => operation.kind === 'read')
  const messages = messagesOf(appends)
  const placesOf = placesByValue(appends)
  const erases = operations.filter(operation => operation.kind === 'erase')
  const restless = restlessMessages(messages, erases)
  const answeredReads = bestKnownFirst(reads, placesOf).flatMap(operation => answered(operation, placesOf, restless))
  return {
    messages,
    conversations: conversations(appends, answeredReads, messages),
    appends,
    reads,
    answeredReads,
    erases,
    migrations: operations.filter(operation => operation.kind === 'migrate'),
  }
}

function messagesOf(appends: readonly AppendOperation[]): Map<string, SentMessage> {
  return new Map(
    [...Map.groupBy(appends, append => append.value)].map(([value, attempts]) => {
      const [first] = attempts
      if (first === undefined) throw new Error('A group is never empty.')
      if (attempts.length > 1 && (first.idempotencyKey === undefined || !attempts.every(sameKey(first))))
        throw new TypeError(`The value ${value} was sent more than once without one idempotency key; it tells nothing.`)
      const firstStartedAtMs = Math.min(...attempts.map(attempt => attempt.startedAtMs))
      return [value, { value, owner: first.owner, attempts, firstStartedAtMs }]
    }),
  )
}

function sameKey(first: AppendOperation) {
  return (attempt: AppendOperation) => attempt.idempotencyKey === first.idempotencyKey
}

/** The place of a value in each conversation that holds it: one, unless it was sent again by key around an erase. */
type PlacesOf = Map<string, Map<string, number>>

function placesByValue(appends: readonly AppendOperation[]): PlacesOf {
  const placesOf: PlacesOf = new Map()
  for (const { value, outcome } of appends) {
    if (outcome.kind !== 'acknowledged') continue
    const places = placesOf.get(value) ?? new Map<string, number>()
    placesOf.set(value, places.set(outcome.conversationId, outcome.sequence))
  }
  return placesOf
}

/** Reads that hold an acknowledged message first, then the longest: what these tell of the others helps to place those. */
function bestKnownFirst(reads: readonly ReadOperation[], placesOf: PlacesOf): ReadOperation[] {
  const valuesOf = ({ outcome }: ReadOperation) => (outcome.kind === 'messages' ? outcome.values : [])
  const known = new Set(reads.filter(read => valuesOf(read).some(value => placesOf.has(value))))
  const unknown = reads.filter(read => !known.has(read))
  return [...known, ...unknown.toSorted((left, right) => valuesOf(right).length - valuesOf(left).length)]
}

function answered(operation: ReadOperation, placesOf: PlacesOf, restless: ReadonlySet<string>): AnsweredRead[] {
  if (operation.outcome.kind !== 'messages') return []
  const { values, stale } = operation.outcome
  const named = operation.conversationId
  const candidates = named === undefined ? conversationsRead(values, placesOf, restless) : [named]
  const [conversationId] = candidates
  // What was never acknowledged is known by those it was read together with.
  if (conversationId !== undefined && candidates.length === 1)
    values.forEach((value, index) => {
      if (!placesOf.has(value)) placesOf.set(value, new Map([[conversationId, index]]))
    })
  return [{ operation, values, stale, candidates }]
}

/**
 * The conversations that most of these belong to, and stand at their place in. Rules about single messages find the
 * strangers among them.
 */
function conversationsRead(
  values: readonly string[],
  placesOf: PlacesOf,
  restless: ReadonlySet<string>,
): readonly string[] {
  const [first] = values
  if (first === undefined) return []
  const scores = new Map<string, number>()
  values.forEach((value, index) => {
    for (const [id, sequence] of placesOf.get(value) ?? [])
      scores.set(id, (scores.get(id) ?? 0) + (sequence === index ? 2 : 1))
  })
  const best = Math.max(...scores.values())
  const known = [...scores].filter(([, score]) => score === best).map(([id]) => id)
  const isElsewhere = known.length === 0 || values.every(value => restless.has(value))
  return isElsewhere ? [...known, `of ${first}`] : known
}

/** Messages of which one of several attempts had no answer: around an erase, they may stand where nobody knows. */
function restlessMessages(messages: ReadonlyMap<string, SentMessage>, erases: readonly EraseOperation[]): Set<string> {
  const erased = new Set(erases.filter(erase => erase.outcome !== 'refused').map(erase => erase.owner))
  const restless = [...messages.values()].filter(
    ({ owner, attempts }) =>
      erased.has(owner) && attempts.length > 1 && attempts.some(({ outcome }) => outcome.kind === 'unknown'),
  )
  return new Set(restless.map(message => message.value))
}

function conversations(
  appends: readonly AppendOperation[],
  reads: readonly AnsweredRead[],
  messages: ReadonlyMap<string, SentMessage>,
): Map<string, ArrangedConversation> {
  const placements = new Map<string, Map<string, Placement>>()
  const place = (conversationId: string, placement: Placement) => {
    const ofConversation = placements.get(conversationId) ?? new Map<string, Placement>()
    const known = ofConversation.get(placement.message.value)
    if (known === undefined || endOf(placement) < endOf(known)) ofConversation.set(placement.message.value, placement)
    placements.set(conversationId, ofConversation)
  }
  for (const append of appends) {
    const message = messages.get(append.value)
    if (append.outcome.kind !== 'acknowledged' || message === undefined) continue
    const { conversationId, sequence } = append.outcome
    place(conversationId, { message, sequence, acknowledgement: append })
  }
  const readsOf = Map.groupBy(reads, ({ candidates }) => (candidates.length === 1 ? candidates[0] : undefined))
  for (const [conversationId, ofConversation] of readsOf) {
    if (conversationId === undefined) continue
    for (const { values } of ofConversation)
      values.forEach((value, sequence) => {
        const message = messages.get(value)
        if (message !== undefined) place(conversationId, { message, sequence, acknowledgement: undefined })
      })
  }
  return new Map(
    [...placements].map(([id, ofConversation]) => {
      const sorted = [...ofConversation.values()].sort((left, right) => left.sequence - right.sequence)
      const owners = new Set(sorted.map(placement => placement.message.owner))
      return [id, { id, owners, placements: sorted, reads: readsOf.get(id) ?? [] }]
    }),
  )
}

function endOf({ acknowledgement }: Placement): number {
  return acknowledgement?.endedAtMs ?? Number.POSITIVE_INFINITY
}
