import { expect } from 'vitest'
import { withoutCaches } from '../../../testbed/servers/reprise.ts'
import { jsonOf, post } from '../http/exchange.ts'

export interface Said {
  readonly role: string
  readonly content: string
  readonly timestamp?: string
}

export interface Saved {
  readonly status: string
  readonly guest_id: string
  readonly message_id: string
  readonly conversation_id: string
  readonly stored_in: readonly string[]
  readonly sequence: number
}

/** How a client talks: one message, as A1 has it. */
export async function say(url: string, guest: string, said: string | Said): Promise<Saved> {
  const body = typeof said === 'string' ? { role: 'user', content: said } : said
  const response = await post(`${url}/v1/guest/chat/${guest}`, body)
  if (response.status !== 200) throw new Error(`${guest} was answered ${response.status}: ${await response.text()}`)
  return jsonOf<Saved>(response)
}

/** What is read of a guest, as A2 has it. */
export async function historyOf(url: string, guest: string): Promise<readonly Said[]> {
  return jsonOf<readonly Said[]>(fetch(`${url}/v1/guest/chat/${guest}`))
}

/** Where the last read of a guest was answered from: `redis`, `memory` or `postgresql`. */
export async function sourceOf(url: string, guest: string): Promise<string | null> {
  return (await fetch(`${url}/v1/guest/chat/${guest}`)).headers.get('x-reprise-source')
}

/** An answer waits 25 ms for the copy; on a busy machine it comes later. Where there are no copies, none is waited for. */
export async function untilCopied(url: string, guest: string): Promise<void> {
  if (withoutCaches) return
  await expect.poll(() => sourceOf(url, guest), { timeout: 10_000 }).toMatch(/^(redis|memory)$/)
}

/** The contents alone. */
export async function contentsOf(url: string, guest: string): Promise<readonly string[]> {
  return (await historyOf(url, guest)).map(message => message.content)
}

export function erase(url: string, guest: string): Promise<Readonly<Record<string, unknown>>> {
  return jsonOf(fetch(`${url}/v1/guest/chat/${guest}`, { method: 'DELETE' }))
}

export function migrateTo(url: string, guest: string, user: string): Promise<Response> {
  return post(`${url}/v1/guest/migrate/${guest}`, { user_id: user })
}
