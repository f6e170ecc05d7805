import { Announcer, type Embedder, type MessageId, type Outbox, systemClock } from 'reprise'
import { openaiEmbedder } from 'reprise/embedders'
import { type Database, postgresOutbox } from 'reprise/postgres'
import type { OutboxHarness } from 'reprise/testing'
import { expect, vi } from 'vitest'
import {
  type EmbeddingRequest,
  healthyAnswer,
  startEmbeddingServer,
} from '../../../library/test/embedders/embedding-server.ts'
import type { Answer, JsonServer } from '../../../library/test/embedders/json-server.ts'
import { outboxHarness } from '../../../library/test/outbox/outbox-harness.ts'
import type { EmbeddingEvents } from '../../src/workers/embedding-events.ts'
import { type EmbeddingWorkerOptions, startEmbeddingWorker } from '../../src/workers/embedding-worker.ts'

/** So quick that tests need not wait; otherwise as delivered. */
const quick = {
  rate: { perSecond: 10_000, burst: 10_000 },
  retry: { firstMs: 20, factor: 1.5, maxMs: 100 },
  pause: { firstMs: 10, factor: 1.5, maxMs: 50 },
  pollMs: 20,
  searchRestMs: 5,
}

type Seen = { [Name in keyof EmbeddingEvents]: EmbeddingEvents[Name][] }

export interface WorkerBench extends OutboxHarness, AsyncDisposable {
  readonly server: JsonServer
  /** How the model answers from now on. */
  answerWith(answer: (asked: EmbeddingRequest) => Answer | Promise<Answer>): void
  readonly seen: Seen
  embedder(model?: string): Embedder
  /** Starts a worker over the outbox; it is closed with the bench. */
  start(options?: Partial<EmbeddingWorkerOptions>): ReturnType<typeof startEmbeddingWorker>
  /** The texts that the model was asked for, in order. */
  texts(): readonly string[]
  untilStored(messageIds: readonly MessageId[]): Promise<void>
}

/** An emptied outbox, a model on a local server, and workers between them. */
export async function workerBench(database: Database): Promise<WorkerBench> {
  let answer: (asked: EmbeddingRequest) => Answer | Promise<Answer> = healthyAnswer
  const server = await startEmbeddingServer(asked => answer(asked))
  const harness = await outboxHarness(database)
  const announcer = new Announcer<EmbeddingEvents>()
  const seen: Seen = {
    embedding_stored: [],
    embedding_failed: [],
    embedding_buried: [],
    outbox_failed: [],
    embeddings_missing: [],
  }
  announcer.on('embedding_stored', event => seen.embedding_stored.push(event))
  announcer.on('embedding_failed', event => seen.embedding_failed.push(event))
  announcer.on('embedding_buried', event => seen.embedding_buried.push(event))
  announcer.on('outbox_failed', event => seen.outbox_failed.push(event))
  announcer.on('embeddings_missing', event => seen.embeddings_missing.push(event))
  const workers: ReturnType<typeof startEmbeddingWorker>[] = []
  const outbox: Outbox = postgresOutbox(database)
  const embedder = (model = 'test-model') => openaiEmbedder({ baseUrl: `${server.url}/v1`, model })

  return {
    ...harness,
    server,
    answerWith: next => {
      answer = next
    },
    seen,
    embedder,
    start: options => {
      const worker = startEmbeddingWorker({
        outbox,
        embedder: embedder(),
        announcer,
        clock: systemClock,
        ...quick,
        ...options,
      })
      workers.push(worker)
      return worker
    },
    texts: () => server.requests.flatMap(({ body }): readonly string[] => JSON.parse(body).input),
    untilStored: async messageIds => {
      const expected = messageIds.toSorted()
      await vi.waitFor(
        async () => expect((await harness.embeddings()).map(({ messageId }) => messageId)).toEqual(expected),
        { timeout: 10_000, interval: 10 },
      )
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map(worker => worker.close()))
      await server[Symbol.asyncDispose]()
    },
  }
}

/** What one message's text makes the model do; the others are answered. */
export function exceptFor(text: string, failure: Answer): (asked: EmbeddingRequest) => Answer {
  return asked => (asked.input.includes(text) ? failure : healthyAnswer(asked))
}
