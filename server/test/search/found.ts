import { expect } from 'vitest'
import { jsonOf } from '../http/exchange.ts'

/** What a search answers. */
export interface Found {
  readonly messages: readonly {
    readonly score: number
    readonly sequence: number
    readonly message_id: string
    readonly conversation_id: string
    readonly role: string
    readonly content: string
    readonly timestamp: string
  }[]
  readonly searched: number
  readonly pending: number
  readonly model: string
  readonly query_truncated: boolean
}

export function search(url: string, guest: string, q: string, more = ''): Promise<Found> {
  return jsonOf<Found>(fetch(`${url}/v1/guest/chat/${guest}/search?q=${encodeURIComponent(q)}${more}`))
}

/** Waits until all that a guest said is embedded. */
export async function untilEmbedded(url: string, guest: string, messages: number): Promise<void> {
  await expect
    .poll(async () => (await search(url, guest, 'anything')).searched, { timeout: 25_000, interval: 100 })
    .toBe(messages)
}
