import { table } from '../table.ts'
import { withStores } from '../with-stores.ts'

/** Prints what waits and what was set aside. */
export async function listOutbox(options: { readonly limit: number; readonly json?: true }): Promise<void> {
  await withStores({ mayBegin: false }, async ({ outbox }) => {
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
export async function redriveOutbox(ids: readonly string[] | 'all', asJson: boolean): Promise<void> {
  await withStores({ mayBegin: false }, async ({ outbox }) => {
    const redriven = await outbox.redrive(ids)
    process.stdout.write(asJson ? `${JSON.stringify({ redriven })}\n` : `${redriven} put back to work\n`)
  })
}
