import type { ExplainedEntry } from 'reprise-server/answers'
import { duration, milliseconds } from '../../../format/times.ts'
import { Badge } from '../../../parts/badge.tsx'

/** What would become of a read of a key, tier by tier. */
export function Explanation({ entry }: { readonly entry: ExplainedEntry }) {
  const { key, namespace, served_by, is_loading, summary, tiers } = entry
  return (
    <article className="explanation" aria-label="Explanation">
      <p className="explanation-key">
        <code>{key}</code>
      </p>
      <p>
        {served_by === null ? (
          <Badge tone="warn">Would be loaded</Badge>
        ) : (
          <Badge tone="good">Served by {served_by}</Badge>
        )}
        {is_loading && <Badge tone="plain">A load is under way</Badge>}
      </p>
      <p>{summary}</p>
      <dl className="explanation-facts">
        <div>
          <dt>Namespace</dt>
          <dd>
            <code>{namespace}</code>
          </dd>
        </div>
        {tiers.map(({ tier, state, age_ms, fresh_for_ms, load_ms, tags }) => (
          <div key={tier}>
            <dt>In {tier}</dt>
            <dd>
              {state}
              {age_ms !== null && `, ${duration(age_ms)} old`}
              {fresh_for_ms !== null && fresh_for_ms > 0 && `, fresh for ${duration(fresh_for_ms)} more`}
              {load_ms !== null && `, its load took ${milliseconds(load_ms)}`}
              {tags.length > 0 && (
                <ul className="tags">
                  {tags.map(tag => (
                    <li key={tag}>
                      <code>{tag}</code>
                    </li>
                  ))}
                </ul>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </article>
  )
}
