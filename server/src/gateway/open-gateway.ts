import type { AnswerStore, Clock, UsageStore } from 'reprise'
import { createEmbeddingsAnswers } from 'reprise/embeddings'
import { llmCache } from 'reprise/llm'
import type { Caches } from '../caches.ts'
import type { Settings } from '../config/settings-table.ts'
import { type AnswerUpkeepOptions, startAnswerUpkeep } from '../workers/answer-upkeep.ts'
import { openAccounts } from './accounting/accounts.ts'
import { loadPriceTable } from './accounting/price-table.ts'
import { type CallerSettings, createCallers } from './callers/callers.ts'
import { createPartitions } from './callers/partitions.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { createUpstreamClient } from './upstream/upstream-client.ts'
import { createUpstreams, type UpstreamSettings } from './upstream/upstreams.ts'

export interface GatewayStores {
  readonly usage: UsageStore
  tenantSecret(): Promise<Uint8Array>
  answers(options: { readonly ownerOf: (tenant: string) => string }): DurableAnswers
}

/** The durable tier of answers, and its upkeep. */
type DurableAnswers = AnswerStore & AnswerUpkeepOptions['answers']

export interface GatewayOptions {
  readonly settings: CallerSettings &
    UpstreamSettings &
    Pick<
      Settings,
      | 'upstreamTimeoutSeconds'
      | 'sharedNamespaces'
      | 'modelPrices'
      | 'cacheTtlSeconds'
      | 'aiCacheTtl'
      | 'embeddingsCacheTtl'
      | 'cacheSampled'
    >
  readonly stores: GatewayStores
  readonly caches: Caches | undefined
  readonly clock: Clock
  /** Told when removing what is past its time failed. */
  readonly onFailure: (error: unknown) => void
}

export interface Gateway {
  readonly parts: GatewayParts
  /** Ends what still runs, closes the connections to upstreams, and adds the last counts to the database. */
  close(): Promise<void>
}

/** An upstream that never stops talking is ended all the same. */
const longestAnswer = '1h'

/** Puts the gateway together. No upstream is called before the first request. */
export async function openGateway({ settings, stores, caches, clock, onFailure }: GatewayOptions): Promise<Gateway> {
  const prices = await loadPriceTable(settings.modelPrices)
  const callers = createCallers(settings, await stores.tenantSecret())
  const client = createUpstreamClient({ silenceMs: settings.upstreamTimeoutSeconds * 1_000 })
  const accounts = openAccounts({ store: stores.usage, prices, clock })
  const answers = stores.answers({ ownerOf: tenant => callers.ownerOf(tenant) })
  const upkeep = startAnswerUpkeep({ answers, clock, onFailure })
  const embeddings =
    caches === undefined
      ? undefined
      : createEmbeddingsAnswers({ cache: caches.embeddings, ttl: settings.embeddingsCacheTtl * 1_000 })
  const llm =
    caches === undefined
      ? undefined
      : llmCache({
          cache: caches.ai,
          answers,
          ttl: (settings.aiCacheTtl ?? settings.cacheTtlSeconds) * 1_000,
          sampled: settings.cacheSampled,
          priceOf: prices.costOf,
          upstreamTimeout: longestAnswer,
          clock,
        })
  const parts: GatewayParts = {
    callers,
    partitions: createPartitions(settings),
    upstreams: createUpstreams(settings),
    client,
    accounts,
    prices,
    caches,
    llm,
    embeddings,
  }
  return {
    parts,
    close: async () => {
      await llm?.close()
      await client.close()
      await upkeep.close()
      await accounts.close()
    },
  }
}
