import type { EmbeddingsAnswers } from 'reprise/embeddings'
import type { LlmCache } from 'reprise/llm'
import type { Caches } from '../caches.ts'
import type { Accounts } from './accounting/accounts.ts'
import type { PriceTable } from './accounting/price-table.ts'
import type { Callers } from './callers/callers.ts'
import type { Partitions } from './callers/partitions.ts'
import type { UpstreamClient } from './upstream/upstream-client.ts'
import type { Upstreams } from './upstream/upstreams.ts'

/** What all routes of the gateway work with. */
export interface GatewayParts {
  readonly callers: Callers
  readonly partitions: Partitions
  readonly upstreams: Upstreams
  readonly client: UpstreamClient
  readonly accounts: Accounts
  readonly prices: PriceTable
  /** Undefined where caching is switched off. */
  readonly caches: Caches | undefined
  /** Answers of language models; undefined where caching is switched off: everything is passed through. */
  readonly llm: LlmCache | undefined
  /** Vectors of embedding models; undefined where caching is switched off. */
  readonly embeddings: EmbeddingsAnswers | undefined
}
