import type { CleanupReceipt, ClearReceipts } from 'reprise-server/answers'
import { plural } from '../../format/numbers.ts'

const redisWords: Record<ClearReceipts['caches'][number]['redis'], string> = {
  done: 'done in Redis',
  queued: 'queued: Redis is away, and it is done when it is back',
  none: 'no Redis',
}

/** What was removed, cache by cache. */
export function Removed({ receipt }: { readonly receipt: ClearReceipts }) {
  return (
    <>
      <p>
        <strong>{plural(receipt.removed, 'entry', 'entries')} removed</strong>
        {receipt.removed === 0 && ': what else was kept is out of date by a mark, and is not served again'}.
      </p>
      <ul>
        {receipt.caches.map(({ cache, removed, redis }) => (
          <li key={cache}>
            <code>{cache}</code> {plural(removed, 'entry', 'entries')}, {redisWords[redis]}
          </li>
        ))}
      </ul>
    </>
  )
}

export function CleanupDone({ receipt }: { readonly receipt: CleanupReceipt }) {
  return (
    <>
      <p>
        <strong>{plural(receipt.removed, 'expired entry', 'expired entries')} removed.</strong>
      </p>
      <ul>
        {receipt.caches.map(({ cache, removed }) => (
          <li key={cache}>
            <code>{cache}</code> {plural(removed, 'entry', 'entries')}
          </li>
        ))}
      </ul>
    </>
  )
}
