import { useMutation } from '@tanstack/react-query'
import type { SubmitEvent } from 'react'
import type { ExplainedEntry } from 'reprise-server/answers'
import { explainKey } from '../../../api/cache-api.ts'
import { Fault } from '../../../parts/notice.tsx'

export interface ExplainFormProps {
  readonly cache: string
  readonly onExplained: (entry: ExplainedEntry) => void
}

/** Explains a key that may not be kept at all. */
export function ExplainForm({ cache, onExplained }: ExplainFormProps) {
  const asking = useMutation({
    mutationFn: (key: string) => explainKey(cache, key, AbortSignal.timeout(10_000)),
    onSuccess: onExplained,
  })

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const key = new FormData(event.currentTarget).get('key')
    if (typeof key === 'string' && key.trim() !== '') asking.mutate(key.trim())
  }

  return (
    <form className="explain-form" onSubmit={submit}>
      <label className="field">
        <span>Explain a key</span>
        <input name="key" placeholder='user:7 or ["user", 7]' autoComplete="off" spellCheck={false} />
      </label>
      <button type="submit" className="button" disabled={asking.isPending}>
        Explain
      </button>
      {asking.error !== null && <Fault error={asking.error} />}
    </form>
  )
}
