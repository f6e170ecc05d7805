import { Type } from 'typebox'
import { PricesSchema } from '../gateway/accounting/price-schema.ts'
import { json } from './json-kind.ts'
import { defaulted, optional } from './setting.ts'
import { secret, switchable, url, wholeNumber } from './setting-kinds.ts'

const Upstreams = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9_-]{1,40}$' }),
  Type.Object(
    {
      baseUrl: Type.String({ pattern: '^https?://' }),
      apiKey: Type.Optional(Type.String({ minLength: 1 })),
      models: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    },
    { additionalProperties: false },
  ),
  { additionalProperties: false },
)

const SharedNamespaces = Type.Record(
  Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,128}$' }),
  Type.Union([Type.Literal('*'), Type.Array(Type.String({ minLength: 1 }))]),
  { additionalProperties: false },
)

const seconds = wholeNumber(1, 31_536_000)
const entries = wholeNumber(1, 100_000_000)

/** The settings of the gateway and of the caches that the server composes. */
export const gatewaySettings = {
  upstreamBaseUrl: optional('UPSTREAM_BASE_URL', url('https', 'http'), {
    description:
      'The model provider that the gateway calls where no other upstream fits. Without any, only kept answers are served.',
    example: 'https://api.openai.com/v1',
  }),
  upstreamApiKey: optional('UPSTREAM_API_KEY', secret(), {
    description:
      'The key for `UPSTREAM_BASE_URL` of callers who send none. Elsewhere than on loopback it serves users with a token alone.',
    example: 'sk-…',
  }),
  upstreams: optional('UPSTREAMS', json('JSON object', Upstreams), {
    description:
      'Named upstreams by the beginnings of their models’ names; the longest beginning decides. They go before `UPSTREAM_BASE_URL`.',
    example: '{"anthropic":{"baseUrl":"https://api.anthropic.com","models":["claude-"]}}',
  }),
  upstreamTimeoutSeconds: defaulted('UPSTREAM_TIMEOUT_SECONDS', wholeNumber(1, 86_400), 600, {
    description: 'How long an upstream may be silent: before its answer begins, and between two chunks of it.',
    example: '120',
  }),
  cacheTtlSeconds: defaulted('CACHE_TTL_SECONDS', seconds, 3_600, {
    description: 'How long what is cached stays fresh, in seconds, where no other setting says so.',
    example: '86400',
  }),
  aiCacheTtl: optional('AI_CACHE_TTL', seconds, {
    description: 'How long answers of models stay fresh, in seconds; `CACHE_TTL_SECONDS` when unset.',
    example: '7200',
  }),
  embeddingsCacheTtl: defaulted('EMBEDDINGS_CACHE_TTL', seconds, 604_800, {
    description: 'How long embeddings stay fresh, in seconds; a model gives the same ones for as long as it lives.',
    example: '2592000',
  }),
  ragCacheTtl: defaulted('RAG_CACHE_TTL', seconds, 1_800, {
    description: 'How long retrievals stay fresh, in seconds.',
    example: '3600',
  }),
  dbCacheTtl: defaulted('DB_CACHE_TTL', seconds, 300, {
    description: 'How long results of database queries stay fresh, in seconds.',
    example: '600',
  }),
  aiCacheEntries: defaulted('AI_CACHE_ENTRIES', entries, 2_000, {
    description: 'How many answers of models the memory of a process keeps at most.',
    example: '10000',
  }),
  embeddingsCacheEntries: defaulted('EMBEDDINGS_CACHE_ENTRIES', entries, 5_000, {
    description: 'How many embeddings the memory of a process keeps at most; one of 1,536 numbers takes 6 KB.',
    example: '20000',
  }),
  ragCacheEntries: defaulted('RAG_CACHE_ENTRIES', entries, 1_000, {
    description: 'How many retrievals the memory of a process keeps at most.',
    example: '5000',
  }),
  dbCacheEntries: defaulted('DB_CACHE_ENTRIES', entries, 5_000, {
    description: 'How many results of database queries the memory of a process keeps at most.',
    example: '20000',
  }),
  cacheSampled: defaulted('CACHE_SAMPLED', switchable, true, {
    description: 'Whether sampled answers are kept; `false` keeps those of `temperature` 0 alone.',
    example: 'false',
  }),
  sharedNamespaces: optional('SHARED_NAMESPACES', json('JSON object', SharedNamespaces), {
    description:
      'Namespaces (`x-reprise-namespace`) whose entries tenants share: each with the tenant ids that may, as `GET /v1/usage` tells them, or `"*"` for all.',
    example: '{"faq":["t_4fzYbq0oXkXvUqz1aW9n0Q"]}',
  }),
  modelPrices: optional('MODEL_PRICES', json('JSON object', PricesSchema), {
    description:
      'Prices in US dollars for a million tokens, by the beginning of a model’s name; they go before the built-in ones.',
    example: '{"my-model":{"input":0.5,"output":1.5,"cachedInput":0.05}}',
  }),
} as const
