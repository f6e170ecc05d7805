import { duration, timeOfDaySeconds } from '../format/times.ts'
import type { Connection } from '../live/live-figures.ts'
import { useLive } from '../live/use-live.ts'
import { useNow } from './use-now.ts'

const words: Record<Connection['kind'], string> = {
  connecting: 'Connecting …',
  live: 'Live',
  away: 'Server away',
  refused: 'Locked',
}

/** A dot and a word: do figures come? */
export function ConnectionState() {
  const { connection } = useLive()
  return (
    <span className={`connection is-${connection.kind}`}>
      <span className="dot" aria-hidden="true" />
      {words[connection.kind]}
    </span>
  )
}

/** While the server is away: since when, and that the figures below are the last ones. */
export function AwayBanner() {
  const { connection, stats } = useLive()
  const now = useNow()
  if (connection.kind !== 'away') return undefined
  return (
    <div className="banner" role="alert">
      <strong>The server does not answer</strong>
      <span>
        {connection.reason.startsWith('The server does not answer') ? '' : `${connection.reason} `}Away since{' '}
        {timeOfDaySeconds(connection.at)}
        <span aria-hidden="true"> ({duration(Math.max(1_000, now - connection.at))})</span>.{' '}
        {stats === undefined
          ? 'The page connects by itself.'
          : 'These are the last figures; the page reconnects by itself.'}
      </span>
    </div>
  )
}
