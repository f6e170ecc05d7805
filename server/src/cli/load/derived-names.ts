import { createHash } from 'node:crypto'
import type { FileMessage } from './conversation-file.ts'

const hashedMark = 'sha256.'

/**
 * The guest that a conversation of the file becomes. An id that fits stays readable; any other is hashed. Two ids never
 * share a guest: an id that looks like a hashed one is hashed itself.
 */
export function guestName(prefix: string, id: string): string {
  const plain = `${prefix}${id}`
  if (/^[A-Za-z0-9_.:-]{1,128}$/.test(plain) && !id.startsWith(hashedMark)) return plain
  return `${prefix}${hashedMark}${createHash('sha256').update(id).digest('base64url')}`
}

/**
 * The idempotency key of a message: its place in its conversation and what it says. A load that broke off, or a file
 * that has grown since, so sends the same keys again, and the server stores nothing twice. Keys count within a guest.
 */
export function appendKey(index: number, message: FileMessage): string {
  const said = JSON.stringify([index, message.role, message.content, message.timestamp])
  return `load-${createHash('sha256').update(said).digest('base64url')}`
}
