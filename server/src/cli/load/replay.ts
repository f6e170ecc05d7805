import { atOnce } from './at-once.ts'
import { type ChatClient, Refusal } from './chat-client.ts'
import type { FileConversation } from './conversation-file.ts'
import { appendKey } from './derived-names.ts'
import { addDifferences, type Differences, differences, noDifferences } from './differences.ts'
import type { FindGuest } from './guests.ts'

export interface ReplayOptions {
  readonly findGuest: FindGuest
  /** How many conversations are under way at once. Within one, each message waits for the answer to the one before. */
  readonly concurrency: number
  /** Called after each message. */
  readonly onMessage: () => void
}

export interface RefusedMessage {
  readonly line: number
  readonly index: number
  readonly reason: string
}

export interface ReplayReport {
  readonly sent: number
  readonly refused: number
  /** The first refusals. */
  readonly refusals: readonly RefusedMessage[]
}

const maxReported = 10

/** Says every conversation again, message by message, as its people would have. */
export async function replay(
  conversations: AsyncGenerator<FileConversation>,
  client: ChatClient,
  options: ReplayOptions,
): Promise<ReplayReport> {
  const refusals: RefusedMessage[] = []
  let sent = 0
  let refused = 0
  await atOnce(conversations, options.concurrency, async conversation => {
    const guest = await options.findGuest(conversation.id)
    for (const [index, message] of conversation.messages.entries()) {
      try {
        await client.append(guest, message, appendKey(index, message))
        sent += 1
      } catch (error) {
        if (!(error instanceof Refusal) || isHopeless(error)) throw error
        refused += 1
        if (refusals.length < maxReported) refusals.push({ line: conversation.line, index, reason: error.message })
      }
      options.onMessage()
    }
  })
  return { sent, refused, refusals }
}

/** Whether every other message would be refused as well. A quota is one guest's matter. */
function isHopeless({ status, code }: Refusal): boolean {
  return [401, 403, 404, 405, 415, 503].includes(status) || (status === 429 && code !== 'quota_exceeded')
}

export interface ReadBackReport {
  readonly differences: Differences
  /** The first conversations that are not as they were sent. */
  readonly faulty: readonly { readonly line: number; readonly guest: string; readonly differences: Differences }[]
}

/** Reads every conversation back and compares it with the file. */
export async function readBack(
  conversations: AsyncGenerator<FileConversation>,
  client: ChatClient,
  options: ReplayOptions,
): Promise<ReadBackReport> {
  const faulty: ReadBackReport['faulty'][number][] = []
  let total = noDifferences
  await atOnce(conversations, options.concurrency, async conversation => {
    const guest = await options.findGuest(conversation.id)
    const found = differences(conversation.messages, await client.history(guest))
    total = addDifferences(total, found)
    const isFaulty = Object.values(found).some(count => count > 0)
    if (isFaulty && faulty.length < maxReported)
      faulty.push({ line: conversation.line, guest: guest.guestId, differences: found })
    for (const _ of conversation.messages) options.onMessage()
  })
  return { differences: total, faulty }
}
