import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Fault, Loading } from './notice.tsx'

export interface AnsweredProps<Answer> {
  readonly answer: UseQueryResult<Answer>
  readonly lines?: number
  readonly children: (data: Answer) => ReactNode
}

/** What came; until then its place, or why it did not come. What came once stays while the server is away. */
export function Answered<Answer>({ answer, lines, children }: AnsweredProps<Answer>) {
  if (answer.data !== undefined) return children(answer.data)
  if (answer.error !== null) return <Fault error={answer.error} onRetry={() => void answer.refetch()} />
  return lines === undefined ? <Loading /> : <Loading lines={lines} />
}
