// A worker in a process of its own, to be killed: node worker-process.ts POSTGRES_URL MODEL_URL
import { Announcer, systemClock } from 'reprise'
import { openaiEmbedder } from 'reprise/embedders'
import { connectPostgres, postgresOutbox } from 'reprise/postgres'
import type { EmbeddingEvents } from '../../src/workers/embedding-events.ts'
import { startEmbeddingWorker } from '../../src/workers/embedding-worker.ts'

const [postgresUrl = '', modelUrl = ''] = process.argv.slice(2)
startEmbeddingWorker({
  outbox: postgresOutbox(connectPostgres({ url: postgresUrl })),
  embedder: openaiEmbedder({ baseUrl: `${modelUrl}/v1`, model: 'test-model' }),
  announcer: new Announcer<EmbeddingEvents>(),
  clock: systemClock,
  leaseMs: 1_000,
  callLimitMs: 800,
})
// The worker's naps keep no process alive.
setInterval(() => {}, 60_000)
