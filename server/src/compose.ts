import {
  Announcer,
  type Cache,
  type ChatReports,
  type Clock,
  type ConversationStore,
  createCache,
  type DatabaseEvents,
  type Embedder,
  type HourlyMetricsStore,
  type Outbox,
  type RecallStore,
  type RequestCounter,
  type SharedTier,
  type UsageStore,
} from 'reprise'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { hashEmbedder, localEmbedder, openaiEmbedder, vertexEmbedder } from 'reprise/embedders'
import { cachedEmbedder } from 'reprise/embeddings'
import { inProcessTier, type MemoryConversationCopies, memoryConversationCopies } from 'reprise/memory-copies'
import {
  connectPostgres,
  type Database,
  migrate,
  type PostgresAnswers,
  type PostgresAnswersOptions,
  postgresAnswers,
  postgresChatReports,
  postgresConversationStore,
  postgresHourlyMetrics,
  postgresOutbox,
  postgresRecallStore,
  postgresUsage,
  sharedSecret,
} from 'reprise/postgres'
import {
  connectRedis,
  type Redis,
  type RedisConversationCopies,
  type RedisOptions,
  redis,
  redisConversationCopies,
  redisRequestCounter,
} from 'reprise/redis'
import type { Settings } from './config/settings-table.ts'

/** For the doctor, who looks over a connection of its own. */
export { migrationState } from 'reprise/postgres'

/** The fast copies, and what only their driver can tell. `usedBytes` asks for the memory in use. */
export type FastCopies =
  | { readonly kind: 'redis'; readonly copies: RedisConversationCopies; readonly usedBytes: () => Promise<number> }
  | { readonly kind: 'memory'; readonly copies: MemoryConversationCopies; readonly usedBytes: () => Promise<number> }

/** Everything that the settings name, opened. The one place that knows which drivers there are. */
export interface Stores {
  /** Of the chat's pool, then of the pool for counting where it is another. */
  readonly databaseEvents: readonly [Announcer<DatabaseEvents>, ...Announcer<DatabaseEvents>[]]
  readonly conversationStore: ConversationStore
  readonly outbox: Outbox
  readonly chatReports: ChatReports
  readonly recallStore: RecallStore
  /** Over a connection of its own where there is more than one, so that counting never waits for the chat. */
  readonly hourlyMetricsStore: HourlyMetricsStore
  readonly fastCopies: FastCopies | undefined
  readonly embedder: Embedder | undefined
  /** The same model for queries, which somebody waits for and which come again. */
  readonly queryEmbedder: Embedder | undefined
  /** What is used, for people: `PostgreSQL at db.example.com:5432`. */
  readonly described: {
    readonly database: string
    readonly copies: string
    readonly embedder: string
    /** Where calls of language models go. */
    readonly upstream: string
  }
  /** The use of models, over the connection for counting where there is one. */
  readonly usage: UsageStore
  /** What the caches of several processes share; undefined without Redis. Connected with the first use. */
  readonly sharedTier: SharedTier | undefined
  /** Counts requests for all servers that share it; undefined where each counts for itself. */
  readonly requestCounter: RequestCounter | undefined
  /** The durable tier of answers. */
  answers(options: PostgresAnswersOptions): PostgresAnswers
  /** The secret by which credentials become tenants, the same for all servers on this database. */
  tenantSecret(): Promise<Uint8Array>
  /** Brings the tables up to date. */
  migrate(): Promise<MigrationResult>
  /** Asks over every pool; rejects when the database is away. */
  askDatabase(): Promise<void>
  close(): Promise<void>
}

/** What bringing the tables up to date did. */
export interface MigrationResult {
  /** The steps that were carried out now. */
  readonly applied: readonly string[]
  /** What of taken-over tables could not be kept, such as a foreign key. */
  readonly notes: readonly string[]
}

/** Opens the stores and models that the settings name. Nothing listens yet and no table is changed. */
export async function openStores(settings: Settings, clock: Clock): Promise<Stores> {
  const [chatEvents, countingEvents] = [new Announcer<DatabaseEvents>(), new Announcer<DatabaseEvents>()]
  const embedding = openEmbedder(settings, clock)
  const embedder = embedding?.messages
  const queryCache = settings.enableCache ? openQueryCache(clock) : undefined
  const sharedRedis = await connectSharedRedis(settings, clock)
  const fastCopies = openFastCopies(settings, sharedRedis, clock)
  const database = await openDatabase(settings, chatEvents, clock).catch(async (error: unknown) => {
    await sharedRedis?.close()
    throw error
  })
  const counting = openCountingDatabase(settings, countingEvents, clock)
  return {
    databaseEvents: counting === undefined ? [chatEvents] : [chatEvents, countingEvents],
    conversationStore: postgresConversationStore(database),
    outbox: postgresOutbox(database),
    chatReports: postgresChatReports(database),
    recallStore: postgresRecallStore(database),
    hourlyMetricsStore: postgresHourlyMetrics(counting ?? database),
    usage: postgresUsage(counting ?? database),
    sharedTier: openSharedTier(settings, clock),
    requestCounter: sharedRedis === undefined ? undefined : redisRequestCounter(sharedRedis),
    answers: options => postgresAnswers(database, options),
    fastCopies,
    embedder,
    queryEmbedder:
      embedding !== undefined && queryCache !== undefined
        ? cachedEmbedder(embedding.queries, { cache: queryCache, ttl: '10m' })
        : embedding?.queries,
    described: {
      database:
        settings.databaseUrl === undefined
          ? `embedded PostgreSQL in ${settings.dataDirectory}`
          : `PostgreSQL at ${placeOf(settings.databaseUrl)}`,
      copies: describeCopies(settings),
      embedder: embedder?.model ?? 'none',
      upstream: describeUpstreams(settings),
    },
    tenantSecret: () => sharedSecret(database, 'tenants'),
    migrate: () => migrate(database),
    askDatabase: async () => {
      const asking = [database, ...(counting === undefined ? [] : [counting])].map(asked =>
        asked.run({ text: 'SELECT 1', values: [], labels: { queryType: 'SELECT', table: 'other' } }),
      )
      await Promise.all(asking)
    },
    close: async () => {
      await Promise.allSettled([
        embedder?.close(),
        queryCache?.close(),
        fastCopies?.copies.close(),
        sharedRedis?.close(),
      ])
      await Promise.all([database.close(), counting?.close()])
    },
  }
}

async function openDatabase(settings: Settings, announcer: Announcer<DatabaseEvents>, clock: Clock): Promise<Database> {
  if (settings.databaseUrl === undefined) {
    return openEmbeddedDatabase({ directory: settings.dataDirectory, announcer, clock })
  }
  return connectPostgres({
    url: settings.databaseUrl,
    poolName: 'chat',
    maxConnections: settings.databasePoolSize,
    announcer,
    clock,
  })
}

const never = 86_400_000

/** The database alone, over one connection, for statements of people: nothing of ours comes between two of them. */
export function openSqlDatabase(settings: Settings, clock: Clock): Promise<Database> {
  const { databaseUrl: url, dataDirectory: directory } = settings
  if (url === undefined) {
    return openEmbeddedDatabase({ directory, clock, checkpointEveryMs: never, vacuumEveryMs: never })
  }
  const session = { url, maxConnections: 1, applicationName: 'reprise-sql', statementLimitMs: 3_600_000, clock }
  return Promise.resolve(connectPostgres(session))
}

/** One connection more on a real PostgreSQL; an embedded one has a single connection for everybody. */
function openCountingDatabase(
  settings: Settings,
  announcer: Announcer<DatabaseEvents>,
  clock: Clock,
): Database | undefined {
  if (settings.databaseUrl === undefined) return undefined
  return connectPostgres({ url: settings.databaseUrl, maxConnections: 1, poolName: 'counting', announcer, clock })
}

/** The Redis of copies and of the rate limit. */
async function connectSharedRedis(settings: Settings, clock: Clock): Promise<Redis | undefined> {
  const options = redisOptions(settings)
  const isUsed = settings.enableCache || settings.rateLimitMax > 0
  return options !== undefined && isUsed ? connectRedis({ ...options, clock }) : undefined
}

function openFastCopies(settings: Settings, redis: Redis | undefined, clock: Clock): FastCopies | undefined {
  if (!settings.enableCache) return undefined
  if (redis === undefined) {
    const copies = memoryConversationCopies({ clock })
    return { kind: 'memory', copies, usedBytes: async () => copies.bytes }
  }
  return { kind: 'redis', copies: redisConversationCopies(redis), usedBytes: () => redis.usedMemory() }
}

function openSharedTier(settings: Settings, clock: Clock): SharedTier | undefined {
  const options = settings.enableCache ? redisOptions(settings) : undefined
  return options === undefined ? undefined : redis({ ...options, clock })
}

/** How many entries the processes of one server share where there is no Redis. */
const mostSharedEntries = 20_000

/** What the processes of one server share where there is no Redis. */
export function openMeetingTier(clock: Clock): Required<SharedTier> {
  return inProcessTier({ clock, maxEntries: mostSharedEntries })
}

/** Where `reprise proxy` keeps responses: memory, and a Redis behind it that several proxies share. */
export function openHttpCache({
  maxBytes,
  redisUrl,
  clock,
}: {
  readonly maxBytes: string
  readonly redisUrl: string | undefined
  readonly clock: Clock
}): Cache {
  const shared = redisUrl === undefined ? {} : { redis: redis({ url: redisUrl, clock }) }
  return createCache({ name: 'http', memory: { maxBytes }, clock, ...shared })
}

/** Where Redis is; undefined where none is named or wanted. */
function redisOptions({ redisUrl, redisClusterNodes, enableRedisCache }: Settings): RedisOptions | undefined {
  if (!enableRedisCache) return undefined
  if (redisClusterNodes !== undefined) return { cluster: redisClusterNodes }
  return redisUrl === undefined ? undefined : { url: redisUrl }
}

/** One model by two doors: for the messages of the outbox, and for queries that somebody waits for. */
interface Embedding {
  readonly messages: Embedder
  readonly queries: Embedder
}

/** The model that the settings name; undefined where none is wanted. */
export function openEmbedder(settings: Settings, clock: Clock): Embedding | undefined {
  if (settings.embedder === 'none') return undefined
  if (settings.embedder === 'local') {
    const local = localEmbedder({ cpuShare: settings.embedderCpuPercent / 100, clock })
    return { messages: local, queries: local.prompt }
  }
  const embedder = openOtherEmbedder(settings, settings.embedder)
  return { messages: embedder, queries: embedder }
}

function openOtherEmbedder(settings: Settings, kind: 'hash' | 'openai' | 'vertex'): Embedder {
  const { embedderBaseUrl, embedderModel, embedderApiKey } = settings
  switch (kind) {
    case 'hash':
      return hashEmbedder()
    case 'openai':
      return openaiEmbedder({
        baseUrl: embedderBaseUrl ?? 'https://api.openai.com/v1',
        model: embedderModel ?? 'text-embedding-3-small',
        ...(embedderApiKey === undefined ? {} : { apiKey: embedderApiKey }),
      })
    case 'vertex':
      return vertexEmbedder({
        // A rule of the settings asks for the project with this embedder.
        project: settings.googleCloudProject ?? '',
        location: settings.googleCloudLocation,
        ...(embedderModel === undefined ? {} : { model: embedderModel }),
        ...(embedderBaseUrl === undefined ? {} : { baseUrl: embedderBaseUrl }),
      })
  }
}

/** Queries are asked again within minutes, page by page; what they meant is nobody's business for longer. */
function openQueryCache(clock: Clock): Cache {
  return createCache({ name: 'queries', memory: { maxBytes: '8mb' }, clock })
}

function describeCopies(settings: Settings): string {
  if (!settings.enableCache) return 'none (ENABLE_CACHE=false)'
  const { url, cluster } = redisOptions(settings) ?? {}
  if (cluster !== undefined)
    return `Redis Cluster at ${cluster.map(node => (node.includes('://') ? placeOf(node) : node)).join(', ')}`
  return url === undefined ? 'memory of this process' : `Redis at ${placeOf(url)}`
}

function describeUpstreams({ upstreamBaseUrl, upstreams = {} }: Settings): string {
  const places = [upstreamBaseUrl, ...Object.values(upstreams).map(({ baseUrl }) => baseUrl)]
  const named = places.flatMap(url => (url === undefined ? [] : [placeOf(url)]))
  return named.length === 0
    ? 'no upstream yet: set UPSTREAM_BASE_URL'
    : `answered from what is known, else by ${named.join(', ')}`
}

/** Host and port of a URL, without its credentials. */
function placeOf(url: string): string {
  return new URL(url).host
}
