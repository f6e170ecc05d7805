import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { Announcer, type Clock, hourlyMetrics, instantOf, messageOf, RepriseError } from 'reprise'
import { type ConversationEvents, createConversations, createRecall } from 'reprise/conversation'
import { logCache } from 'reprise/log'
import { prometheusMetrics } from 'reprise/prometheus'
import { openAdministration } from './admin/open-administration.ts'
import { statsSource } from './admin/stats-answer.ts'
import { watchEmbeddings } from './admin/watch-embeddings.ts'
import { watchEndpoints } from './admin/watch-endpoints.ts'
import { closeCaches, namedCaches, openCaches } from './caches.ts'
import type { Stores } from './compose.ts'
import type { Settings } from './config/settings-table.ts'
import { openGateway } from './gateway/open-gateway.ts'
import { createServer } from './http/server.ts'
import type { Colleagues } from './many/colleagues.ts'
import { sharedAdministration } from './many/shared/shared-administration.ts'
import { sharedEmbeddings, sharedEndpoints, sharedPool } from './many/shared/shared-figures.ts'
import { sharedHealth } from './many/shared/shared-health.ts'
import { sharedMetrics } from './many/shared/shared-metrics.ts'
import { countEmbeddings } from './observe/count-embeddings.ts'
import { startHealth } from './observe/health.ts'
import { logEvents } from './observe/log-events.ts'
import { logGateway } from './observe/log-gateway.ts'
import { logHealth } from './observe/log-health.ts'
import { watchDatabases } from './observe/watch-databases.ts'
import { version } from './version.ts'
import { startCopyRepair } from './workers/copy-repair.ts'
import type { EmbeddingEvents } from './workers/embedding-events.ts'
import { type EmbeddingWorkerOptions, startEmbeddingWorker } from './workers/embedding-worker.ts'
import { startMetricsFlusher } from './workers/metrics-flusher.ts'
import type { Worker } from './workers/periodic.ts'
import { startRetention } from './workers/retention.ts'

export interface ApplicationParts {
  readonly settings: Settings
  /** Opened, with tables that are up to date. The application closes them. */
  readonly stores: Stores
  readonly log: Logger
  readonly clock: Clock
  /** The other processes of this server, which answer for the whole together with this one. */
  readonly colleagues: Colleagues
}

export interface Application {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string
  /** Stops accepting, lets running requests finish, flushes what was gathered, and closes the stores. */
  close(): Promise<void>
}

/** Embedders that run on this machine take a bounded share of it, in short pieces. */
const paces: Readonly<Partial<Record<Settings['embedder'], Partial<EmbeddingWorkerOptions>>>> = {
  // On the chat's own thread.
  hash: { maxBusyShare: 0.1, rate: { perSecond: 200, burst: 200 }, batch: 8 },
  // It paces itself in a thread of its own; a long text may take it seconds then.
  local: { rate: { perSecond: 50, burst: 50 }, batch: 4, callLimitMs: 120_000 },
}

/** Puts the parts together, starts the workers and listens. */
export async function startApplication(parts: ApplicationParts): Promise<Application> {
  const { settings, stores, log, clock, colleagues } = parts
  const conversationEvents = new Announcer<ConversationEvents>()
  const embeddingEvents = new Announcer<EmbeddingEvents>()
  const { conversationStore: store, outbox, embedder, fastCopies } = stores
  const copies = fastCopies?.copies
  const conversations = createConversations({
    store,
    copies,
    announcer: conversationEvents,
    clock,
    settings: {
      enforceQuota: settings.enforceQuota,
      guestMonthlyLimit: settings.guestMonthlyRequestLimit,
      embed: embedder !== undefined,
    },
  })
  const caches = openCaches(settings, stores.sharedTier, clock)
  const observed = namedCaches(caches).map(([, cache]) => cache)
  for (const cache of observed) logCache(cache, log)
  const onFailure = (task: string) => (error: unknown) => log.error({ err: error, task }, 'a background task failed')
  const gateway = await openGateway({ settings, stores, caches, clock, onFailure: onFailure('answers') })
  const hourly = hourlyMetrics({ store: stores.hourlyMetricsStore, conversations: conversationEvents, clock })
  gateway.parts.accounts.events.on('generated', ({ generationMs }) => hourly.recordGeneration(generationMs))
  const metrics = prometheusMetrics({
    caches: observed,
    conversations: conversationEvents,
    databases: stores.databaseEvents,
    hourlyMetrics: hourly,
    outbox,
    clock,
    ...(fastCopies === undefined ? {} : { copies: fastCopies.copies, cacheMemoryBytes: fastCopies.usedBytes }),
    cacheMemoryIsShared: fastCopies?.kind === 'redis',
  })

  countEmbeddings(embeddingEvents, metrics)
  if (gateway.parts.llm !== undefined) metrics.watchAnswers(gateway.parts.llm)
  logGateway({ log, gateway: gateway.parts, clock })
  const pool = watchDatabases(stores.databaseEvents, log, settings.slowQueryMs)
  // The pools announce their sizes with their first statement.
  await stores.askDatabase()
  const workers: Worker[] = [
    startMetricsFlusher({ metrics: hourly, clock, onFailure: onFailure('metrics') }),
    startRetention({
      store,
      conversations,
      guestRetentionDays: settings.guestRetentionDays,
      clock,
      onFailure: onFailure('retention'),
    }),
  ]
  if (copies !== undefined) {
    workers.push(startCopyRepair({ conversations, copies, clock, onFailure: onFailure('copy repair') }))
  }
  if (embedder !== undefined) {
    const pace = paces[settings.embedder]
    const worker = startEmbeddingWorker({ outbox, embedder, announcer: embeddingEvents, clock, ...pace })
    conversationEvents.on('message_saved', ({ embeddingQueued }) => {
      if (embeddingQueued) worker.wake()
    })
    workers.push(worker)
  }

  const administration = sharedAdministration(
    colleagues,
    openAdministration({
      settings,
      caches,
      answers: gateway.parts.llm,
      fastCopies,
      conversations: conversationEvents,
      clock,
    }),
  )
  const ownHealth = startHealth({
    caches: () => administration.figures(),
    askDatabase: () => stores.askDatabase(),
    outbox,
    copies,
    conversations: conversationEvents,
    hourlyMetrics: hourly,
    pool,
    clock,
    onChange: logHealth(log),
  })
  workers.push(ownHealth)
  const health = sharedHealth(colleagues, ownHealth)
  logEvents({
    log,
    conversations: conversationEvents,
    hourlyMetrics: hourly.events,
    embeddings: embeddingEvents,
    clock,
  })
  const endpoints = watchEndpoints(clock)
  const { recallStore, queryEmbedder } = stores
  const stats = statsSource({
    administration,
    health,
    redisBytes: fastCopies?.kind === 'redis' ? fastCopies.usedBytes : undefined,
    pool: sharedPool(colleagues, pool),
    showKeys: settings.adminShowKeys,
    now: () => instantOf(clock.now()),
  })
  const server = createServer({
    conversations,
    recall: queryEmbedder && createRecall({ store: recallStore, embedder: queryEmbedder }),
    settings,
    gateway: gateway.parts,
    health,
    admin: {
      administration,
      stats,
      clock,
      chat: {
        reports: stores.chatReports,
        outbox,
        embeddings: sharedEmbeddings(colleagues, watchEmbeddings(embeddingEvents, clock)),
        endpoints: sharedEndpoints(colleagues, endpoints),
      },
    },
    metrics: { contentType: metrics.contentType, metrics: sharedMetrics(colleagues, metrics) },
    requestCounter: stores.requestCounter,
    log,
    version,
    onAnswered: answer => {
      metrics.recordHttpRequest(answer)
      endpoints.record(answer)
    },
  })

  async function close(): Promise<void> {
    await server.close()
    await gateway.close()
    administration.close()
    await closeCaches(caches)
    await Promise.allSettled(workers.map(worker => worker.close()))
    metrics.close()
    await stores.close()
  }

  try {
    await server.listen({ host: settings.host, port: settings.port })
  } catch (error) {
    await close()
    throw cannotListen(error, settings)
  }
  return { url: urlOf(server.server.address(), settings.host), close }
}

function cannotListen(error: unknown, { host, port }: Settings): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const reason = code === 'EADDRINUSE' ? 'another program listens there' : messageOf(error)
  const advice =
    code === 'EADDRINUSE' ? `Stop it, or choose another port: PORT=${port + 1}` : 'Choose HOST and PORT anew'
  return new RepriseError('invalid_setting', `Cannot listen on ${host}, port ${port}: ${reason}. ${advice}.`, {
    cause: error,
    field: 'PORT',
  })
}

function urlOf(address: AddressInfo | string | null, host: string): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
