import { appendFile, readFile } from 'node:fs/promises'
import type { ChatClient, Guest } from './chat-client.ts'
import { guestName } from './derived-names.ts'

/** Finds the guest that a conversation of the file becomes: always the same one for the same id. */
export type FindGuest = (id: string) => Promise<Guest>

/** Where guests choose their ids: the name is derived from the conversation's. */
export function namedGuests(prefix: string): FindGuest {
  return async id => ({ guestId: guestName(prefix, id), secret: undefined })
}

/**
 * Where the server issues guests with secrets: each is noted in a file before it is used, so that a load that is run
 * again finds its guests.
 */
export async function issuedGuests(ledgerPath: string, client: ChatClient): Promise<FindGuest> {
  const ledger = await readLedger(ledgerPath)
  return async id => {
    const known = ledger.get(id)
    if (known !== undefined) return known
    const guest = await client.issueGuest()
    await appendFile(ledgerPath, `${JSON.stringify({ id, ...guest })}\n`, { mode: 0o600, flush: true })
    ledger.set(id, guest)
    return guest
  }
}

async function readLedger(path: string): Promise<Map<string, Guest>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  // The last line may have been cut off by a crash; its guest was not used yet.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return new Map(
    lines.filter(Boolean).map((line, index) => {
      const { id, guestId, secret } = JSON.parse(line)
      if (typeof id === 'string' && typeof guestId === 'string' && typeof secret === 'string') {
        return [id, { guestId, secret }]
      }
      throw new Error(`${path}:${index + 1} is no guest that an earlier load noted`)
    }),
  )
}
