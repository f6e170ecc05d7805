import { useQueryClient } from '@tanstack/react-query'
import { type SubmitEvent, useId, useState } from 'react'
import { adminKey, keepAdminKey } from '../api/admin-key.ts'
import { messageOf } from '../api/problem.ts'
import { Mark } from './mark.tsx'

/** Asks for the admin key; it is tried before it is kept. */
export function KeyGate() {
  const [fault, setFault] = useState<string>()
  const [isTrying, setTrying] = useState(false)
  const client = useQueryClient()
  const [field, note] = [useId(), useId()]

  async function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const key = new FormData(event.currentTarget).get('key')
    if (typeof key !== 'string' || key.trim() === '') return setFault('Enter the key first.')
    setTrying(true)
    const refusal = await refusalOf(key.trim())
    setTrying(false)
    setFault(refusal)
    if (refusal !== undefined) return
    keepAdminKey(key.trim())
    await client.resetQueries()
  }

  return (
    <main className="gate">
      <form className="gate-card" onSubmit={submit}>
        <Mark />
        <h1>The admin key, please</h1>
        <p>
          This server shows its figures to those who hold its admin key: the value of <code>ADMIN_API_KEY</code>.
        </p>
        <label htmlFor={field}>Admin key</label>
        {/* biome-ignore lint/a11y/noAutofocus: the page holds nothing else. */}
        <input id={field} name="key" type="password" autoComplete="off" autoFocus aria-describedby={note} />
        <p id={note} className="gate-note" role={fault === undefined ? undefined : 'alert'}>
          {fault ??
            (adminKey() === undefined
              ? 'Kept in this tab alone, until it is closed.'
              : 'The key that was given is not the server’s.')}
        </p>
        <button type="submit" className="button is-main" disabled={isTrying}>
          {isTrying ? 'Trying …' : 'Open'}
        </button>
      </form>
    </main>
  )
}

/** Why the server does not take this key; undefined when it does. */
async function refusalOf(key: string): Promise<string | undefined> {
  try {
    const answer = await fetch('/api/cache/health', { headers: { authorization: `Bearer ${key}` } })
    if (answer.ok) return undefined
    return answer.status === 401 ? 'That is not the key of this server.' : `The server answered ${answer.status}.`
  } catch (error) {
    return error instanceof TypeError && error.message.includes('header')
      ? 'A key has no such characters.'
      : `The server does not answer: ${messageOf(error)}`
  }
}
