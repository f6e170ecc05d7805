import { type SubmitEvent, useState } from 'react'
import type { FoundMessages } from 'reprise-server/answers'
import { searchGuest } from '../../api/chat-api.ts'
import { useAnswer } from '../../api/use-answer.ts'
import { plural } from '../../format/numbers.ts'
import { dayTime } from '../../format/times.ts'
import { Answered } from '../../parts/answered.tsx'
import { Empty } from '../../parts/notice.tsx'

/** Recall by meaning over all that a guest said and was told. */
export function RecallSearch({ guestId }: { readonly guestId: string }) {
  const [words, setWords] = useState('')
  const found = useAnswer({
    key: ['recall', guestId, words],
    ask: signal => searchGuest(guestId, words, signal),
    enabled: words !== '',
  })

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault()
    const text = new FormData(event.currentTarget).get('words')
    if (typeof text === 'string') setWords(text.trim())
  }

  return (
    <>
      <form className="open-guest" onSubmit={submit}>
        <label className="field">
          <span>Look for</span>
          <input name="words" maxLength={4096} placeholder="what did they ask about travel?" autoComplete="off" />
        </label>
        <button type="submit" className="button is-main" disabled={found.isFetching}>
          {found.isFetching ? 'Looking …' : 'Find'}
        </button>
      </form>
      {words !== '' && <Answered answer={found}>{data => <Found {...data} />}</Answered>}
    </>
  )
}

function Found({ messages, searched, pending, model, query_truncated }: FoundMessages) {
  return (
    <>
      <p className="hint" role="status">
        {plural(messages.length, 'message')} of {searched} compared by {model}.
        {pending > 0 && ` ${plural(pending, 'message')} wait for their embedding and could not be found.`}
        {query_truncated && ' Only the beginning of the query was read.'}
      </p>
      {messages.length === 0 ? (
        <Empty title="Nothing was found" />
      ) : (
        <ol className="found">
          {messages.map(({ message_id, score, role, content, timestamp, sequence }) => (
            <li key={message_id}>
              <p className="found-head">
                <b>{role}</b>
                <span>
                  message {sequence} · {dayTime(timestamp)} · likeness {score.toFixed(2)}
                </span>
              </p>
              <p className="found-text">{content}</p>
            </li>
          ))}
        </ol>
      )}
    </>
  )
}
