import type { AnsweredRead, ArrangedConversation, ArrangedHistory, Placement } from './arranged-history.ts'
import { erasesOf, mayEraseBetween } from './erasures.ts'
import type { HistoryOperation, ReadOperation, Violation } from './operations.ts'

/** What must be so because one operation had ended before another began. */
export function timeViolations(history: ArrangedHistory): Violation[] {
  return [...history.conversations.values()].flatMap(conversation => [
    ...outOfOrder(conversation),
    ...missed(history, conversation),
    ...revived(history, conversation),
  ])
}

/** Upwards in sequence, nothing may have been acknowledged before something below it was first sent. */
function outOfOrder({ id, placements }: ArrangedConversation): Violation[] {
  const violations: Violation[] = []
  let latest: Placement | undefined
  for (const placement of placements) {
    const { acknowledgement, message } = placement
    const laterSent = latest?.message
    if (laterSent && acknowledgement && acknowledgement.endedAtMs < laterSent.firstStartedAtMs)
      violations.push({
        kind: 'out_of_order',
        sentence: `${message.value} was acknowledged before ${laterSent.value} was sent, but stands after it in conversation ${id}.`,
        operations: [acknowledgement, ...laterSent.attempts],
      })
    if (laterSent === undefined || message.firstStartedAtMs > laterSent.firstStartedAtMs) latest = placement
  }
  return violations
}

/** That a conversation held a message, known from `knownAtMs` on. */
interface Fact {
  readonly sequence: number
  readonly knownAtMs: number
  /** Not before this moment. */
  readonly sinceMs: number
  readonly witness: HistoryOperation
}

/** What was acknowledged or read must be in every read that begins later, unless an erase may have come between. */
function missed(history: ArrangedHistory, conversation: ArrangedConversation): Violation[] {
  const { id } = conversation
  const facts = factsOf(conversation)
  const summed = sumUp(facts)
  const erases = erasesOf(history, conversation)
  const readers = readersOf(history, conversation)
  const violations = readers.flatMap((read): Violation[] => {
    const { startedAtMs, endedAtMs } = read.operation
    const known = summed[countBefore(facts, startedAtMs) - 1]
    const length = read.candidates.includes(id) ? read.values.length : 0
    if (known === undefined || known.highest.sequence < length) return []
    const isOfThis = length > 0 && read.candidates.length === 1
    if (!isOfThis && mayEraseBetween(erases, known.latestSinceMs, endedAtMs)) return []
    const { sequence, witness } = known.highest
    const foundLater = conversation.reads.some(
      later => later.operation.startedAtMs >= startedAtMs && later.values.length > sequence,
    )
    const sentence = `Number ${sequence} of conversation ${id} was known before a read began that lacks it.`
    return [{ kind: foundLater ? 'stale_read' : 'lost', sentence, operations: [witness, read.operation] }]
  })
  return [...violations, ...unread(conversation, facts, readers, erases)]
}

/** For each fact, what it and all earlier ones say together. */
function sumUp(facts: readonly Fact[]): { readonly highest: Fact; readonly latestSinceMs: number }[] {
  let highest: Fact | undefined
  let latestSinceMs = 0
  return facts.map(fact => {
    highest = highest === undefined || fact.sequence > highest.sequence ? fact : highest
    latestSinceMs = Math.max(latestSinceMs, fact.sinceMs)
    return { highest, latestSinceMs }
  })
}

/** How many of the facts, which are in order of time, were known before a moment. */
function countBefore(facts: readonly Fact[], momentMs: number): number {
  let [low, high] = [0, facts.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((facts[middle]?.knownAtMs ?? Number.POSITIVE_INFINITY) < momentMs) low = middle + 1
    else high = middle
  }
  return low
}

function unread(
  conversation: ArrangedConversation,
  facts: readonly Fact[],
  readers: readonly AnsweredRead[],
  erases: ReturnType<typeof erasesOf>,
): Violation[] {
  const last = facts.at(-1)
  if (last === undefined || readers.some(read => read.operation.startedAtMs > last.knownAtMs)) return []
  if (last.witness.kind === 'read' || mayEraseBetween(erases, last.sinceMs, Number.POSITIVE_INFINITY)) return []
  const sentence = `Nothing was read of conversation ${conversation.id} after its last acknowledgement.`
  return [{ kind: 'unread', sentence, operations: [last.witness] }]
}

/** In order of time. */
function factsOf({ placements, reads }: ArrangedConversation): Fact[] {
  const acknowledged = placements.flatMap(({ message, sequence, acknowledgement }): Fact[] =>
    acknowledgement === undefined
      ? []
      : [
          {
            sequence,
            knownAtMs: acknowledgement.endedAtMs,
            sinceMs: message.firstStartedAtMs,
            witness: acknowledgement,
          },
        ],
  )
  const read = reads
    .filter(({ values }) => values.length > 0)
    .map(({ operation, values, stale }) => ({
      sequence: values.length - 1,
      knownAtMs: operation.endedAtMs,
      sinceMs: stale ? 0 : operation.startedAtMs,
      witness: operation,
    }))
  return [...acknowledged, ...read].sort((left, right) => left.knownAtMs - right.knownAtMs)
}

/** Reads that would have shown this conversation: of its guest, or of whoever named it. Stale ones promise nothing. */
function readersOf(history: ArrangedHistory, { id, owners }: ArrangedConversation): AnsweredRead[] {
  const showing = ({ conversationId, owner }: ReadOperation) =>
    conversationId === undefined ? owners.has(owner) : conversationId === id
  return history.answeredReads.filter(read => !read.stale && showing(read.operation))
}

/** A conversation that was known before an acknowledged erase began is neither read nor written after it. */
function revived(history: ArrangedHistory, conversation: ArrangedConversation): Violation[] {
  const [first] = factsOf(conversation)
  if (first === undefined) return []
  const erase = erasesOf(history, conversation).find(
    ({ outcome, startedAtMs }) => outcome === 'acknowledged' && startedAtMs > first.knownAtMs,
  )
  if (erase === undefined) return []
  const reads = conversation.reads.filter(read => read.values.length > 0).map(read => read.operation)
  const writes = conversation.placements.flatMap(placement => placement.acknowledgement ?? [])
  const late = [...reads, ...writes].filter(operation => operation.startedAtMs > erase.endedAtMs)
  return late.map(operation => ({
    kind: 'revived',
    sentence: `Conversation ${conversation.id} was ${operation.kind === 'read' ? 'read' : 'written'} after it had been erased.`,
    operations: [erase, operation],
  }))
}
