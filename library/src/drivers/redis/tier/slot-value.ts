import { randomMark } from '../../../base/random-mark.ts'
import { type KeyFence, noFence, type StoreReading } from '../../../ports/store.ts'
import type { RedisReply } from '../connection/redis-connection.ts'

/**
 * How a key's slot lies in Redis: one byte that says what it is, the fence, the entry's bytes. Neither of these bytes
 * occurs in UTF-8, so that no text of another program is taken for a slot. A fence that was planted looks as a tombstone.
 */
export const slotKinds = { entry: 0xfb, tombstone: 0xfc } as const

/** Fences have 16 ASCII characters. */
const fenceLength = 16
const headLength = 1 + fenceLength
const nothing: StoreReading = { kind: 'nothing', fence: noFence }

export function newFence(): KeyFence {
  // The one place that makes fences.
  return randomMark() as KeyFence
}

/** What a slot holds. The bytes are a view of what was received. */
export function readSlot(value: RedisReply | undefined): StoreReading {
  if (!Buffer.isBuffer(value) || value.length < headLength) return nothing
  // Only this file writes what begins so.
  const fence = value.toString('latin1', 1, headLength) as KeyFence
  if (value[0] === slotKinds.entry) return { kind: 'entry', bytes: value.subarray(headLength), fence }
  return value[0] === slotKinds.tombstone ? { kind: 'nothing', fence } : nothing
}

export function entryValue(bytes: Uint8Array, fence: KeyFence): Buffer {
  const value = Buffer.allocUnsafe(headLength + bytes.byteLength)
  value[0] = slotKinds.entry
  value.write(fence, 1, 'latin1')
  value.set(bytes, headLength)
  return value
}

export function tombstoneValue(fence: KeyFence): Buffer {
  const value = Buffer.allocUnsafe(headLength)
  value[0] = slotKinds.tombstone
  value.write(fence, 1, 'latin1')
  return value
}
