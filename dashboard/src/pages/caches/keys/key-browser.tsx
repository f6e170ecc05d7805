import { useState } from 'react'
import type { CacheFigures, ExplainedEntry } from 'reprise-server/answers'
import { findKeys, mostKeys } from '../../../api/cache-api.ts'
import { useAnswer } from '../../../api/use-answer.ts'
import { count, plural } from '../../../format/numbers.ts'
import { Answered } from '../../../parts/answered.tsx'
import { Empty } from '../../../parts/notice.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { ExplainForm } from './explain-form.tsx'
import { Explanation } from './explanation.tsx'
import { KeyList } from './key-list.tsx'
import { useSettled } from './use-settled.ts'

/** Looks through the keys of a cache, and says of each what would become of a read. */
export function KeyBrowser({ figures }: { readonly figures: CacheFigures }) {
  const { cache, entries } = figures
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState<ExplainedEntry>()
  const search = useSettled(text.trim(), 180)
  const found = useAnswer({ key: ['keys', cache, search], ask: signal => findKeys(cache, search, signal) })
  return (
    <Panel title="Keys">
      <div className="key-browser">
        <div>
          <label className="field">
            <span>Find keys that hold</span>
            <input
              type="search"
              value={text}
              maxLength={200}
              spellCheck={false}
              onChange={event => setText(event.target.value)}
            />
          </label>
          <Answered answer={found} lines={8}>
            {({ keys }) =>
              keys.length === 0 ? (
                <Empty title={search === '' ? 'Nothing is kept in memory' : 'No key holds that'} />
              ) : (
                <>
                  <p className="hint" role="status">
                    {keys.length < mostKeys
                      ? plural(keys.length, 'key')
                      : `The first ${count(mostKeys)} of ${search === '' ? count(entries) : 'more'}: narrow the search.`}
                  </p>
                  <KeyList keys={keys} chosen={chosen} onChoose={setChosen} />
                </>
              )
            }
          </Answered>
        </div>
        <div className="key-details">
          {chosen === undefined ? (
            <Empty title="What would become of a read?">Choose a key, or name one that may not be kept.</Empty>
          ) : (
            <Explanation entry={chosen} />
          )}
          <ExplainForm cache={cache} onExplained={setChosen} />
        </div>
      </div>
    </Panel>
  )
}
