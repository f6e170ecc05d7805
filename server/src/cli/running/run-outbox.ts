import { messageOf, type Outbox, RepriseError } from 'reprise'
import { Type } from 'typebox'
import { loadSettings } from '../../config/settings.ts'
import { withStores } from '../stores/with-stores.ts'
import { table } from '../table.ts'
import { runningServer } from './running-server.ts'
import type { ServerOptions } from './server-options.ts'

/** Without an address the database is opened. */
export interface OutboxOptions extends Omit<ServerOptions, 'url'> {
  readonly url?: URL
}

/** What these commands need of an outbox, be it opened here or asked through a server. */
interface OutboxDoor extends Pick<Outbox, 'counts' | 'redrive'> {
  listDead(limit: number): Promise<readonly SetAside[]>
}

interface SetAside {
  readonly outboxId: string
  readonly messageId: string
  readonly attempts: number
  readonly lastError: string
  readonly createdAt: Date
}

/** A server answers at most this many at once. */
const serverLimit = 500

/** Prints what waits and what was set aside. */
export async function listOutbox(options: OutboxOptions & { readonly limit: number }): Promise<void> {
  await withOutbox(options, async outbox => {
    const [counts, dead] = [await outbox.counts(), await outbox.listDead(options.limit)]
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ...counts, items: dead })}\n`)
      return
    }
    process.stdout.write(`${counts.pending} waiting, ${counts.dead} set aside\n`)
    if (counts.pending > 0)
      process.stdout.write(`the oldest waits since ${Math.round(counts.oldestPendingSeconds)} s\n`)
    if (dead.length === 0) return
    const rows = dead.map(({ outboxId, createdAt, messageId, attempts, lastError }) => ({
      id: outboxId,
      written: createdAt.toISOString(),
      message: messageId,
      tries: attempts,
      error: lastError.slice(0, 80).replaceAll(/\s+/g, ' '),
    }))
    process.stdout.write(`\n${table(rows)}`)
    if (dead.length < counts.dead) process.stdout.write(`… and ${counts.dead - dead.length} more: --limit shows them\n`)
  })
}

/** Puts set-aside messages back to work and prints how many. */
export async function redriveOutbox(ids: readonly string[] | 'all', options: OutboxOptions): Promise<void> {
  await withOutbox(options, async outbox => {
    const redriven = await outbox.redrive(ids)
    process.stdout.write(options.json ? `${JSON.stringify({ redriven })}\n` : `${redriven} put back to work\n`)
  })
}

/** The server that is named; else the database; else the server that has it. */
async function withOutbox(options: OutboxOptions, work: (outbox: OutboxDoor) => Promise<void>): Promise<void> {
  const { url } = options
  if (url !== undefined) return work(await outboxOf({ ...options, url }))
  try {
    await withStores({ mayBegin: false }, ({ outbox }) => work(outbox))
  } catch (error) {
    if (!(error instanceof RepriseError) || error.code !== 'directory_locked') throw error
    const { host, port, adminApiKey } = await loadSettings(process.env, process.cwd())
    const place = new URL(`http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host}:${port}`)
    const throughServer = await outboxOf({ ...options, url: place }, adminApiKey)
    await work(throughServer).catch((cause: unknown) => {
      throw new Error(`${messageOf(error)}\nIt was asked, too: ${messageOf(cause)}`, { cause })
    })
  }
}

const Counts = Type.Object({ pending: Type.Integer(), dead: Type.Integer(), oldest_pending_seconds: Type.Number() })
const Listed = Type.Object({
  outbox: Counts,
  dead: Type.Array(
    Type.Object({
      id: Type.String(),
      message_id: Type.String(),
      attempts: Type.Integer(),
      error: Type.String(),
      created_at: Type.String(),
    }),
  ),
})
const Redriven = Type.Object({ redriven: Type.Integer() })

/** The outbox of a running server, by its admin API. */
async function outboxOf(options: OutboxOptions & { readonly url: URL }, key?: string): Promise<OutboxDoor> {
  const server = await runningServer(options, key)
  const list = (limit: number) =>
    server.ask({ method: 'GET', path: `/api/chat/outbox?limit=${Math.min(limit, serverLimit)}` }, Listed)
  return {
    counts: async () => {
      const { pending, dead, oldest_pending_seconds: oldestPendingSeconds } = (await list(1)).outbox
      return { pending, dead, oldestPendingSeconds }
    },
    listDead: async limit =>
      (await list(limit)).dead.map(({ id, message_id: messageId, attempts, error: lastError, created_at }) => ({
        outboxId: id,
        messageId,
        attempts,
        lastError,
        createdAt: new Date(created_at),
      })),
    redrive: async ids => {
      const body = ids === 'all' ? {} : { ids }
      return (await server.ask({ method: 'POST', path: '/api/chat/outbox/redrive', body }, Redriven)).redriven
    },
  }
}
