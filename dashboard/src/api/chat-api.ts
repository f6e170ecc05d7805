import type {
  ActiveGuests,
  ChatOverview,
  EraseReceipt,
  FoundMessages,
  MigrationList,
  OutboxState,
  RedriveReceipt,
} from 'reprise-server/answers'
import { request, requestJson } from './request.ts'

export function readOverview(hours: number, signal: AbortSignal): Promise<ChatOverview> {
  return requestJson(`/api/chat/overview?hours=${hours}`, { signal })
}

export function readGuests(limit: number, signal: AbortSignal): Promise<ActiveGuests> {
  return requestJson(`/api/chat/guests?limit=${limit}`, { signal })
}

export function readMigrations(signal: AbortSignal): Promise<MigrationList> {
  return requestJson('/api/chat/migrations?limit=200', { signal })
}

export function readOutbox(signal: AbortSignal): Promise<OutboxState> {
  return requestJson('/api/chat/outbox?limit=200', { signal })
}

/** @param ids all that were given up, when left out */
export function redrive(ids?: readonly string[]): Promise<RedriveReceipt> {
  return requestJson('/api/chat/outbox/redrive', { method: 'POST', body: ids === undefined ? {} : { ids } })
}

const guestPath = (guestId: string) => `/v1/guest/chat/${encodeURIComponent(guestId)}`

export function searchGuest(guestId: string, words: string, signal: AbortSignal): Promise<FoundMessages> {
  return requestJson(`${guestPath(guestId)}/search?${new URLSearchParams({ q: words, limit: '20' })}`, { signal })
}

/** All that a guest said and was told, as JSON lines. */
export async function exportGuest(guestId: string): Promise<Blob> {
  return (await request(`${guestPath(guestId)}/export`)).blob()
}

export function eraseGuest(guestId: string): Promise<EraseReceipt> {
  return requestJson(guestPath(guestId), { method: 'DELETE' })
}
