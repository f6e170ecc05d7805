import type { ActiveGuests, ChatOverview } from 'reprise-server/answers'
import { count, percent, plural } from '../../format/numbers.ts'
import { Badge } from '../../parts/badge.tsx'
import { Bars } from '../../parts/bars.tsx'
import { Meter } from '../../parts/meter.tsx'
import { Empty } from '../../parts/notice.tsx'

export interface SyncPanelProps {
  readonly totals: ChatOverview['totals']
  readonly guests: ActiveGuests['guests']
}

/** Whether the fast copies have what PostgreSQL has. */
export function SyncPanel({ totals: { messages, unsynced }, guests }: SyncPanelProps) {
  if (messages === 0) return <Empty title="Nothing to map yet" />
  const share = ((messages - unsynced) / messages) * 100
  const late = guests.filter(guest => guest.unsynced > 0).slice(0, 5)
  return (
    <div className="sync">
      <p>
        <span className="card-value">{percent(Math.floor(share * 10) / 10)}</span>{' '}
        {unsynced === 0 ? (
          <Badge tone="good">All in sync</Badge>
        ) : (
          <Badge tone="warn">{count(unsynced)} not in sync</Badge>
        )}
      </p>
      <Meter
        label="Sync state of the content mapping"
        percent={share}
        tone={unsynced === 0 ? 'good' : 'warn'}
        text={`${percent(share)} of ${plural(messages, 'message')} in sync`}
      />
      <p className="facts-note">
        {count(messages - unsynced)} of {plural(messages, 'message')} stand in PostgreSQL and in the fast copy alike.
        {unsynced > 0 && ' Nothing is lost: reads go to PostgreSQL until the copy is repaired.'}
      </p>
      {late.length > 0 && (
        <Bars
          caption="Messages that the copy lacks, by guest"
          head={['Guest', 'Messages']}
          bars={late.map(guest => ({
            name: guest.guest_id,
            label: guest.guest_id,
            value: guest.unsynced,
            text: count(guest.unsynced),
            tone: 'warn' as const,
          }))}
        />
      )}
    </div>
  )
}
