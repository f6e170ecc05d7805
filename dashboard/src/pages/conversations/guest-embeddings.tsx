import type { ActiveGuests } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { Bars } from '../../parts/bars.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Link } from '../../shell/link.tsx'
import { addressOf } from '../../shell/place.ts'

const shownGuests = 8

/** Whose messages are embedded, and how many of them. */
export function GuestEmbeddings({ guests }: ActiveGuests) {
  const shown = guests.toSorted((one, other) => other.embeddings - one.embeddings).slice(0, shownGuests)
  if (shown.every(({ embeddings }) => embeddings === 0)) {
    return <Empty title="No embeddings yet">They are made soon after a message came, unless EMBEDDER=none.</Empty>
  }
  return (
    <Bars
      caption="Embeddings per guest"
      head={['Guest', 'Embeddings']}
      bars={shown.map(({ guest_id, embeddings, messages }) => ({
        name: guest_id,
        label: (
          <Link to={addressOf('conversations', guest_id)} className="row-link">
            {guest_id}
          </Link>
        ),
        value: embeddings,
        text: `${count(embeddings)} / ${count(messages)}`,
      }))}
    />
  )
}
