import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query'

export interface UseAnswerOptions<Answer> {
  /** Tells answers apart; the first word names the route. */
  readonly key: readonly unknown[]
  readonly ask: (signal: AbortSignal) => Promise<Answer>
  /** Asked again after this time; never when left out. */
  readonly everyMs?: number
  readonly enabled?: boolean
}

/** An answer of the server, asked again from time to time; the last one stays while the next is away. */
export function useAnswer<Answer>(options: UseAnswerOptions<Answer>): UseQueryResult<Answer> {
  return useQuery({
    queryKey: options.key,
    queryFn: ({ signal }) => options.ask(signal),
    refetchInterval: options.everyMs ?? false,
    enabled: options.enabled ?? true,
    placeholderData: keepPreviousData,
  })
}
