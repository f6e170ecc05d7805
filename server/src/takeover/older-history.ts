import { messageOf, parseInstant, type Role, roles } from 'reprise'
import type { MessageDraft } from 'reprise/conversation'

export type OlderHistory =
  | { readonly kind: 'read'; readonly messages: readonly MessageDraft[] }
  | { readonly kind: 'unreadable'; readonly reason: string }

/** From a list that is longer than this, the walk over Redis may not have brought everything. */
const maxMessages = 10_000

/** Reads the JSON array of messages that an older system kept of a guest. */
export function readOlderHistory(json: Uint8Array): OlderHistory {
  try {
    const history = parsed(json)
    if (!Array.isArray(history)) return { kind: 'unreadable', reason: 'is no JSON array' }
    if (history.length >= maxMessages) return { kind: 'unreadable', reason: `holds ${maxMessages} messages or more` }
    return { kind: 'read', messages: history.map(draftOf) }
  } catch (error) {
    return { kind: 'unreadable', reason: messageOf(error) }
  }
}

/** A parser's own message would quote what a guest said. */
function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json))
  } catch {
    throw new Error('is no JSON in UTF-8')
  }
}

function draftOf(value: unknown, index: number): MessageDraft {
  if (typeof value !== 'object' || value === null) throw new Error(`message ${index} is no object`)
  const { role, content, timestamp } = value as Readonly<Record<string, unknown>>
  if (!isRole(role)) throw new Error(`message ${index} has a role that is none of ${roles.join(', ')}`)
  if (typeof content !== 'string' || content === '') throw new Error(`message ${index} has no content`)
  if (!content.isWellFormed() || content.includes('\0')) {
    throw new Error(`message ${index} contains characters that cannot be stored`)
  }
  if (timestamp === undefined || timestamp === null) return { role, content, timestamp: undefined }
  if (typeof timestamp !== 'string') throw new Error(`message ${index} has a timestamp that is no text`)
  return { role, content, timestamp: parseInstant(timestamp) }
}

function isRole(value: unknown): value is Role {
  return roles.some(role => role === value)
}
