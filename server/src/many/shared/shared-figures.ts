import { addCounts } from '../../admin/figures/time-windows.ts'
import type { EmbeddingFigures } from '../../admin/watch-embeddings.ts'
import { type EndpointCounts, type EndpointFigures, endpointFigures } from '../../admin/watch-endpoints.ts'
import { type Colleagues, topic } from '../colleagues.ts'

interface PoolLevel {
  readonly size: number
  readonly available: number
}

const poolTopic = topic<undefined, PoolLevel | undefined>('pool')
const embeddingsTopic = topic<undefined, EmbeddingFigures>('embeddings')
const endpointsTopic = topic<undefined, readonly EndpointCounts[]>('endpoints')

/** The connections that the pools of all processes have together. */
export function sharedPool(
  colleagues: Colleagues,
  own: () => PoolLevel | undefined,
): () => Promise<PoolLevel | undefined> {
  colleagues.answer(poolTopic, async () => {
    const level = own()
    return level === undefined ? undefined : { size: level.size, available: level.available }
  })
  return async () =>
    (await colleagues.ask(poolTopic, undefined)).reduce((sum, level) =>
      sum === undefined || level === undefined
        ? (sum ?? level)
        : { size: sum.size + level.size, available: sum.available + level.available },
    )
}

/** What became of embeddings in all processes. */
export function sharedEmbeddings(colleagues: Colleagues, own: () => EmbeddingFigures): () => Promise<EmbeddingFigures> {
  colleagues.answer(embeddingsTopic, async () => own())
  return async () =>
    (await colleagues.ask(embeddingsTopic, undefined)).reduce((sum, each) => ({
      stored: addCounts(sum.stored, each.stored),
      failed: addCounts(sum.failed, each.failed),
      dead: addCounts(sum.dead, each.dead),
    }))
}

/** How the endpoints answered in all processes, the most used first. */
export function sharedEndpoints(
  colleagues: Colleagues,
  own: { counts(): readonly EndpointCounts[] },
): () => Promise<readonly EndpointFigures[]> {
  colleagues.answer(endpointsTopic, async () => own.counts())
  return async () => endpointFigures((await colleagues.ask(endpointsTopic, undefined)).flat())
}
