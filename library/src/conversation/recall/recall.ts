import { RepriseError } from '../../base/reprise-error.ts'
import type { RecalledMessage, RecallPlace, RecallScope, RecallStore } from '../../ports/chat/recall-store.ts'
import type { Embedder } from '../../ports/embedder.ts'
import { Nearest, type Scored } from './nearest.ts'

export interface RecallOptions {
  readonly store: RecallStore
  /** The embedder of the messages: vectors of another model are never compared. */
  readonly embedder: Embedder
  /** Searches that read at the same time. Default 2, so that the chat keeps its connections. */
  readonly atOnce?: number
  /** Searches that wait for their turn; past it they are refused. Default 64. */
  readonly maxWaiting?: number
}

export interface RecallQuery {
  readonly text: string
  /** At most this many messages. */
  readonly limit: number
}

export interface ScoredMessage extends RecalledMessage {
  /** The cosine between query and message, -1 to 1. */
  readonly score: number
}

export type RecallAnswer =
  | {
      readonly kind: 'found'
      /** The nearest first. */
      readonly messages: readonly ScoredMessage[]
      /** How many messages were compared. */
      readonly searched: number
      /** How many messages have no embedding of the model yet, and were not compared. */
      readonly pending: number
      readonly model: string
      /** Whether the model read only a part of the query. */
      readonly truncated: boolean
    }
  | { readonly kind: 'migrated' }

/**
 * Finds the messages of one guest or user that are nearest in meaning to a text.
 * @throws RepriseError `embedding_failed`, `overloaded`, `database_unavailable`
 */
export type Recall = (scope: RecallScope, query: RecallQuery, signal: AbortSignal) => Promise<RecallAnswer>

const pageSize = 1_000

/**
 * Recall by meaning: every message of the owner is compared, so that what is nearest is always found.
 * @example
 * const recall = createRecall({ store: postgresRecallStore(database), embedder })
 * const answer = await recall({ kind: 'guest', guestId }, { text: 'my dog’s name', limit: 5 }, AbortSignal.timeout(5_000))
 */
export function createRecall({ store, embedder, atOnce = 2, maxWaiting = 64 }: RecallOptions): Recall {
  const turn = turns(atOnce, maxWaiting)

  return async (scope, { text, limit }, signal) => {
    const [embedded] = await embedder.embed([text], signal)
    if (embedded === undefined) throw new RepriseError('embedding_failed', 'The embedder gave no vector for the query.')
    const { vector, truncated } = embedded
    return turn(async () => {
      const nearest = new Nearest(vector, limit)
      let after: RecallPlace | undefined
      for (;;) {
        if (signal.aborted) throw signal.reason
        const page = await store.vectors(scope, embedder.model, { after, limit: pageSize })
        if (page.kind === 'migrated') return page
        for (const placed of page.vectors) nearest.compare(placed)
        after = page.vectors.at(-1)
        if (page.vectors.length < pageSize) break
      }
      const { searched, pending } = nearest
      const messages = inOrderOf(nearest.places(), await store.messages(scope, nearest.places()))
      return { kind: 'found', messages, searched, pending, model: embedder.model, truncated }
    })
  }
}

function inOrderOf(scored: readonly Scored[], messages: readonly RecalledMessage[]): readonly ScoredMessage[] {
  const byPlace = new Map(messages.map(message => [nameOf(message), message]))
  return scored.flatMap(each => {
    const message = byPlace.get(nameOf(each))
    // Rounding may carry a cosine a little past its bounds.
    return message === undefined ? [] : [{ ...message, score: Math.max(-1, Math.min(1, each.score)) }]
  })
}

function nameOf({ conversationId, sequence }: RecallPlace): string {
  return `${conversationId}/${sequence}`
}

/** Lets so many works run at once, and so many wait. */
function turns(atOnce: number, maxWaiting: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = []
  let running = 0
  return async work => {
    if (running < atOnce) running += 1
    else if (waiting.length >= maxWaiting) {
      throw new RepriseError('overloaded', `${maxWaiting} searches wait already; try again in a second.`, {
        retryAfterSeconds: 1,
      })
    } else {
      // Whoever ends hands its turn on.
      await new Promise<void>(resolve => waiting.push(resolve))
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
