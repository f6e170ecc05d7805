import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useId, useState } from 'react'
import { invalidate, type Target } from '../../api/cache-api.ts'
import { Choice } from '../../parts/choice.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Fault } from '../../parts/notice.tsx'
import { Removed } from './receipts.tsx'

const kinds = [
  { value: 'tags', text: 'Tags' },
  { value: 'pattern', text: 'Pattern' },
  { value: 'key', text: 'Key' },
] as const
const hints: Record<Target['kind'], string> = {
  tags: 'One or several, with commas between: user:7, docs',
  pattern: '* is any text, ? one character: user:*',
  key: 'A text, or a list as JSON: ["user", 7]',
}

/** Invalidates in one cache, or in all when none is named. */
export function InvalidateButton({ cache }: { readonly cache?: string }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Invalidate …
      </button>
      {isOpen && <InvalidateDialog cache={cache} onClose={() => setOpen(false)} />}
    </>
  )
}

function InvalidateDialog({ cache, onClose }: { readonly cache: string | undefined; readonly onClose: () => void }) {
  const [kind, setKind] = useState<Target['kind']>('tags')
  const [fault, setFault] = useState<string>()
  const client = useQueryClient()
  const acting = useMutation({
    mutationFn: (target: Target) => invalidate(cache, target),
    onSuccess: () => client.invalidateQueries(),
  })
  const [field, hint] = [useId(), useId()]

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const text = new FormData(event.currentTarget).get('target')
    const target = typeof text === 'string' ? targetOf(kind, text.trim()) : undefined
    setFault(target === undefined ? `Expected ${hints[kind]}` : undefined)
    if (target !== undefined) acting.mutate(target)
  }

  return (
    <Dialog title={acting.isSuccess ? 'Done' : `Invalidate in ${cache ?? 'all caches'}`} onClose={onClose}>
      <div role="status">
        {acting.isSuccess && (
          <div className="receipt">
            <Removed receipt={acting.data} />
          </div>
        )}
      </div>
      <form onSubmit={submit}>
        {!acting.isSuccess && (
          <div className="question">
            <Choice label="By" value={kind} options={kinds} onChoose={setKind} />
            <label htmlFor={field}>{kinds.find(({ value }) => value === kind)?.text}</label>
            <input id={field} name="target" autoComplete="off" spellCheck={false} aria-describedby={hint} />
            <p
              id={hint}
              className={fault === undefined ? 'hint' : 'hint is-fault'}
              role={fault === undefined ? undefined : 'alert'}
            >
              {fault ?? hints[kind]}
            </p>
          </div>
        )}
        {acting.error !== null && <Fault error={acting.error} />}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {acting.isSuccess ? 'Close' : 'Cancel'}
          </button>
          {!acting.isSuccess && (
            <button type="submit" className="button is-main" disabled={acting.isPending}>
              {acting.isPending ? 'Under way …' : 'Invalidate'}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  )
}

function targetOf(kind: Target['kind'], text: string): Target | undefined {
  if (text === '') return undefined
  if (kind === 'pattern') return { kind, pattern: text }
  if (kind === 'key') return keyOf(text)
  const tags = text.split(',').map(tag => tag.trim())
  return tags.includes('') ? undefined : { kind, tags }
}

function keyOf(text: string): Target | undefined {
  if (!text.startsWith('[')) return { kind: 'key', key: text }
  try {
    return { kind: 'key', key: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}
