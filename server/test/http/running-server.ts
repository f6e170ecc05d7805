import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { Announcer, type ConversationStore, RepriseError } from 'reprise'
import { type Conversations, createConversations } from 'reprise/conversation'
import { openEmbeddedDatabase } from 'reprise/embedded'
import { memoryConversationCopies } from 'reprise/memory-copies'
import { migrate, postgresConversationStore } from 'reprise/postgres'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { withoutCaches } from '../../../testbed/servers/reprise.ts'
import type { Environment } from '../../src/config/config-file.ts'
import { readSettings } from '../../src/config/settings.ts'
import { createServer, type ServerOptions } from '../../src/http/server.ts'

export interface Stores extends AsyncDisposable {
  readonly store: ConversationStore
  /** True makes every call fail as it does while PostgreSQL cannot be reached. */
  isAway: boolean
}

/** The real store over an embedded database of its own. */
export async function openStores(): Promise<Stores> {
  const directory = await privateDirectory('http')
  const database = await openEmbeddedDatabase({ directory: directory.path })
  await migrate(database)
  const stores = {
    isAway: false,
    store: new Proxy(postgresConversationStore(database), {
      get(target, name, receiver) {
        if (!stores.isAway) return Reflect.get(target, name, receiver)
        return () => Promise.reject(new RepriseError('database_unavailable', 'PostgreSQL cannot be reached.'))
      },
    }),
    [Symbol.asyncDispose]: async () => {
      await database.close()
      await directory[Symbol.asyncDispose]()
    },
  }
  return stores
}

export interface RunningServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly logLines: readonly Record<string, unknown>[]
  close(): Promise<void>
}

export interface StartOptions extends Partial<Omit<ServerOptions, 'settings' | 'conversations' | 'log'>> {
  readonly environment?: Environment
  readonly conversations?: (real: Conversations) => Conversations
}

/** The HTTP server as it is composed, on a free port of loopback, over the given stores. */
export async function startServer(
  { store }: Pick<Stores, 'store'>,
  options: StartOptions = {},
): Promise<RunningServer> {
  const { environment = {}, conversations: change = real => real, ...rest } = options
  const settings = readSettings(environment)
  const logLines: Record<string, unknown>[] = []
  const log = pino({ level: settings.logLevel }, { write: (line: string) => logLines.push(JSON.parse(line)) })
  const conversations = createConversations({
    store,
    copies: withoutCaches ? undefined : memoryConversationCopies({}),
    announcer: new Announcer(),
    settings: {
      enforceQuota: settings.enforceQuota,
      guestMonthlyLimit: settings.guestMonthlyRequestLimit,
      embed: false,
    },
  })
  const server = createServer({
    health: {
      checkReady: async () => {
        await store.fences([])
      },
      report: async () => ({
        status: 'degraded',
        redisAvailable: false,
        warnings: ['Redis is away: check REDIS_URL.'],
        hitRates: { ai: 0, rag: 0, db: 0 },
      }),
    },
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', metrics: async () => 'answer 42\n' },
    version: '0.0.0-test',
    ...rest,
    settings,
    log,
    conversations: change(conversations),
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  // A server that listens on TCP has an address of this kind.
  const { port } = server.server.address() as AddressInfo
  const close = () => server.close()
  return { port, url: `http://127.0.0.1:${port}`, logLines, close, [Symbol.asyncDispose]: close }
}
