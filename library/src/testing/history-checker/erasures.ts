import type { ArrangedConversation, ArrangedHistory } from './arranged-history.ts'
import type { EraseOperation } from './operations.ts'

/** Erases that may have removed this conversation. */
export function erasesOf(history: ArrangedHistory, conversation: ArrangedConversation): EraseOperation[] {
  const { id, owners } = conversation
  return history.erases.filter(
    erase =>
      erase.outcome !== 'refused' &&
      (erase.conversationId === undefined ? owners.has(erase.owner) : erase.conversationId === id),
  )
}

/** Whether one of these may have taken effect after `afterMs` and before `beforeMs`. */
export function mayEraseBetween(erases: readonly EraseOperation[], afterMs: number, beforeMs: number): boolean {
  return erases.some(erase => latestEffectMs(erase) > afterMs && erase.startedAtMs < beforeMs)
}

/** A request whose outcome is unknown may still be carried out at any later time. */
function latestEffectMs(erase: EraseOperation): number {
  return erase.outcome === 'acknowledged' ? erase.endedAtMs : Number.POSITIVE_INFINITY
}
