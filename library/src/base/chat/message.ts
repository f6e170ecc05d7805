import type { Instant } from '../instant.ts'

/** Who speaks in a message. */
export const roles = ['user', 'assistant', 'system', 'tool'] as const
export type Role = (typeof roles)[number]

/** A message as it is read: what was said, by whom and when. The order of messages is their sequence, not the time. */
export interface Message {
  readonly role: Role
  readonly content: string
  readonly timestamp: Instant
}

/** The JSON of one message, byte for byte the same in an answer, in Redis and in an export. */
export function messageJson(message: Message): string {
  return `{"role":"${message.role}","content":${JSON.stringify(message.content)},"timestamp":"${message.timestamp}"}`
}

/** The JSON array of a history, as `GET /v1/guest/chat/{guest_id}` answers it and Redis keeps it. */
export function historyJson(messages: readonly Message[]): string {
  return `[${messages.map(messageJson).join(',')}]`
}
