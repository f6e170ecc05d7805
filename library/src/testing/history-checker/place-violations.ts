import type { AnsweredRead, ArrangedConversation, ArrangedHistory } from './arranged-history.ts'
import { erasesOf, mayEraseBetween } from './erasures.ts'
import type { AppendOperation, Violation } from './operations.ts'

/** Where messages stand: no double, dense from 0, reads are prefixes of one history, retries keep their place. */
export function placeViolations(history: ArrangedHistory): Violation[] {
  return [...history.conversations.values()].flatMap(conversation => [
    ...sharedPlaces(conversation),
    ...gap(history, conversation),
    ...unlikeReads(conversation),
    ...misplaced(conversation),
    ...movedReplays(history, conversation),
  ])
}

function sharedPlaces({ id, placements }: ArrangedConversation): Violation[] {
  const acknowledged = placements.filter(placement => placement.acknowledgement !== undefined)
  return [...Map.groupBy(acknowledged, placement => placement.sequence)]
    .filter(([, sharing]) => sharing.length > 1)
    .map(([sequence, sharing]) => ({
      kind: 'doubled',
      sentence: `${sharing.length} messages were acknowledged as number ${sequence} of conversation ${id}.`,
      operations: sharing.flatMap(placement => placement.acknowledgement ?? []),
    }))
}

/** Below the highest number there must be as many messages as may have been stored. */
function gap(history: ArrangedHistory, { id, owners, placements }: ArrangedConversation): Violation[] {
  const last = placements.at(-1)
  if (last?.acknowledgement === undefined) return []
  const placed = new Set(placements.map(placement => placement.message))
  const possible = [...history.messages.values()].filter(
    message =>
      placed.has(message) ||
      (owners.has(message.owner) && message.attempts.some(attempt => attempt.outcome.kind === 'unknown')),
  ).length
  if (last.sequence < possible) return []
  const sentence = `Number ${last.sequence} was given in conversation ${id}, where at most ${possible} messages can be.`
  return [{ kind: 'gap', sentence, operations: [last.acknowledgement] }]
}

function unlikeReads({ id, reads }: ArrangedConversation): Violation[] {
  const longest = longestOf(reads)
  return reads.flatMap(({ operation, values }): Violation[] => {
    if (new Set(values).size < values.length)
      return [
        { kind: 'doubled', sentence: `A read of conversation ${id} holds a message twice.`, operations: [operation] },
      ]
    const index = values.findIndex((value, position) => longest?.values[position] !== value)
    if (index < 0 || longest === undefined) return []
    const sentence = `Two reads of conversation ${id} hold different messages at number ${index}.`
    return [{ kind: 'not_a_prefix', sentence, operations: [operation, longest.operation] }]
  })
}

function misplaced({ id, placements, reads }: ArrangedConversation): Violation[] {
  const longest = longestOf(reads)
  if (longest === undefined) return []
  return placements.flatMap(({ message, sequence, acknowledgement }): Violation[] => {
    const read = longest.values[sequence]
    if (acknowledgement === undefined || read === undefined || read === message.value) return []
    const sentence = `${message.value} was acknowledged as number ${sequence} of conversation ${id}, where ${read} is read.`
    return [{ kind: 'misplaced', sentence, operations: [acknowledgement, longest.operation] }]
  })
}

/** Every acknowledgement of one message names one place, unless an erase may have come between. */
function movedReplays(history: ArrangedHistory, conversation: ArrangedConversation): Violation[] {
  const erases = erasesOf(history, conversation)
  return conversation.placements.flatMap(({ message, acknowledgement }): Violation[] => {
    if (acknowledgement === undefined) return []
    const moved = message.attempts.find(
      attempt =>
        attempt.outcome.kind === 'acknowledged' &&
        placeOf(attempt) !== placeOf(acknowledgement) &&
        !mayEraseBetween(erases, acknowledgement.startedAtMs, attempt.endedAtMs) &&
        acknowledgement.endedAtMs <= attempt.endedAtMs,
    )
    if (moved === undefined) return []
    const sentence = `${message.value} was acknowledged at ${placeOf(acknowledgement)}, then at ${placeOf(moved)}.`
    return [{ kind: 'replay_moved', sentence, operations: [acknowledgement, moved] }]
  })
}

function placeOf({ outcome }: AppendOperation): string {
  return outcome.kind === 'acknowledged' ? `${outcome.conversationId}/${outcome.sequence}` : outcome.kind
}

function longestOf(reads: readonly AnsweredRead[]): AnsweredRead | undefined {
  return reads.reduce<AnsweredRead | undefined>(
    (longest, read) => (longest === undefined || read.values.length > longest.values.length ? read : longest),
    undefined,
  )
}
