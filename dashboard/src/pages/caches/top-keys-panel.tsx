import { useState } from 'react'
import type { CacheFigures } from 'reprise-server/answers'
import { count } from '../../format/numbers.ts'
import { duration } from '../../format/times.ts'
import { Bars } from '../../parts/bars.tsx'
import { Choice } from '../../parts/choice.tsx'
import { Empty } from '../../parts/notice.tsx'
import { Panel } from '../../parts/panel.tsx'

const orders = [
  { value: 'hits', text: 'By hits' },
  { value: 'cost', text: 'By cost' },
] as const

/** The keys that matter most. */
export function TopKeysPanel({ figures }: { readonly figures: CacheFigures }) {
  const [order, setOrder] = useState<'hits' | 'cost'>('hits')
  const keys = (order === 'hits' ? figures.top_keys_by_hits : figures.top_keys_by_cost).slice(0, 10)
  const isHashed = keys[0]?.key.startsWith('sha256:') ?? false
  return (
    <Panel
      title="Top keys"
      aside={<Choice label="Order of the keys" value={order} options={orders} onChoose={setOrder} />}
      note={isHashed ? 'Keys may hold personal data and are hashed; ADMIN_SHOW_KEYS=true shows them.' : undefined}
    >
      {keys.length === 0 ? (
        <Empty title={order === 'hits' ? 'No hits yet' : 'No loads yet'} />
      ) : (
        <Bars
          caption={order === 'hits' ? 'Keys by hits' : 'Keys by the time that their loads took'}
          head={['Key', order === 'hits' ? 'Hits' : 'Time of loads']}
          bars={keys.map(({ key, weight }) => ({
            name: key,
            label: <code title={key}>{key}</code>,
            value: weight,
            text: order === 'hits' ? count(weight) : duration(weight),
          }))}
        />
      )}
    </Panel>
  )
}
