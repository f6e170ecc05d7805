import type { Announcer, Clock, MessageId, Outbox } from 'reprise'
import type { EmbeddingEvents } from './embedding-events.ts'

export interface MissingEmbeddingsOptions {
  readonly outbox: Outbox
  readonly announcer: Announcer<EmbeddingEvents>
  readonly clock: Clock
  readonly model: string
  /** How many messages are looked at in one step. */
  readonly pageSize: number
  /** A finished search begins anew after this time. */
  readonly everyMs: number
}

/** When the next step should come: at once to embed what was found, soon, or at leisure. */
export type SearchStep = 'found' | 'searching' | 'resting'

/**
 * Goes through all messages page by page and enqueues those without an embedding of the present model: after the model
 * was changed, after embedding was switched on, over tables taken over.
 */
export function missingEmbeddings(options: MissingEmbeddingsOptions): () => Promise<SearchStep> {
  const { outbox, announcer, clock, model, pageSize, everyMs } = options
  let after: MessageId | undefined
  let nextSearchAt = Number.NEGATIVE_INFINITY

  return async () => {
    if (clock.monotonicMs() < nextSearchAt) return 'resting'
    const outcome = await outbox.enqueueMissing(model, pageSize, after)
    if (outcome.kind === 'busy') return 'resting'
    after = outcome.next
    if (after === undefined) nextSearchAt = clock.monotonicMs() + everyMs
    if (outcome.enqueued === 0) return after === undefined ? 'resting' : 'searching'
    announcer.announce('embeddings_missing', { model, enqueued: outcome.enqueued })
    return 'found'
  }
}
