import { table } from '../table.ts'

export interface Receipts {
  readonly caches: readonly { readonly cache: string; readonly removed: number; readonly redis?: string }[]
  readonly removed: number
}

/** Shows what was removed, cache by cache. */
export function printReceipts(receipts: Receipts, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(receipts)}\n`)
    return
  }
  const rows = receipts.caches.map(({ cache, removed, redis }) => ({
    cache,
    removed,
    ...(redis === undefined ? {} : { redis }),
  }))
  process.stdout.write(table(rows))
  if (rows.some(({ redis }) => redis === 'queued')) {
    process.stdout.write('queued: Redis is away; what it holds is removed when it is back.\n')
  }
}
