import { lastingMetrics, type MetricsSnapshot } from 'reprise/prometheus'
import { type AskedOfAll, everybody } from './colleagues.ts'
import { metricsTopic } from './shared/shared-metrics.ts'
import { isAbsent, type Talk } from './talk.ts'

/** Through the primary process each worker process asks all of them. */
export interface AskingEverybody {
  /** Lets a process ask and be asked; answers what ends that. */
  join(talk: Talk, id: number): () => void
}

/**
 * Carries questions to all processes and their answers back. What a process last counted for `/metrics` is remembered
 * and goes on being counted when it has ended, so that no counter of the whole ever falls.
 */
export function askEverybody(): AskingEverybody {
  const talks = new Map<number, Talk>()
  const seen = new Map<number, MetricsSnapshot>()
  let departed: Promise<readonly MetricsSnapshot[]> = Promise.resolve([])

  async function ask({ topic, question }: AskedOfAll): Promise<readonly unknown[]> {
    const isCounting = topic === metricsTopic.name
    const asked = [...talks].map(async ([id, talk]) => {
      const answer = await talk.ask(topic, question)
      if (isCounting && talks.has(id)) seen.set(id, answer as MetricsSnapshot)
      return { id, answer }
    })
    const settled = await Promise.allSettled(asked)
    const refusal = settled.find(each => each.status === 'rejected' && !isAbsent(each.reason))
    if (refusal?.status === 'rejected') throw refusal.reason
    const answers = settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    if (!isCounting) return answers.map(({ answer }) => answer)
    // In one breath, so that whoever ended meanwhile is counted once.
    const present = answers.filter(({ id }) => talks.has(id)).map(({ answer }) => answer)
    return [...present, ...(await departed)]
  }

  function mourn(snapshot: MetricsSnapshot): void {
    departed = departed.then(async earlier => [await lastingMetrics([...earlier, snapshot])])
  }

  return {
    join: (talk, id) => {
      talks.set(id, talk)
      talk.answer(everybody, question => ask(question as AskedOfAll))
      return () => {
        talks.delete(id)
        const last = seen.get(id)
        seen.delete(id)
        if (last !== undefined) mourn(last)
      }
    },
  }
}
