import { Type } from 'typebox'

const body = { 'x-error-code': 'invalid_body' }
const query = { 'x-error-code': 'invalid_query' }
/** A misspelt name would widen what is done to all that it was meant to narrow. */
const strict = { additionalProperties: false }
const CacheField = Type.Optional(Type.String({ description: 'ai, rag, db, …; all when left out.', ...body }))
const Redis = Type.Enum(['done', 'queued', 'none'] as const, {
  type: 'string',
  description: 'queued: Redis is away, and this is carried out when it is back.',
})
export const Receipts = Type.Object(
  {
    caches: Type.Array(Type.Object({ cache: Type.String(), removed: Type.Integer(), redis: Redis })),
    removed: Type.Integer({ description: 'Entries that were counted; what lies in Redis under a mark is not.' }),
  },
  { description: 'What was done.', examples: [{ caches: [{ cache: 'ai', removed: 12, redis: 'done' }], removed: 12 }] },
)
export const CleanupReceipts = Type.Object(
  {
    caches: Type.Array(Type.Object({ cache: Type.String(), removed: Type.Integer() })),
    removed: Type.Integer(),
  },
  { description: 'How many expired entries were removed.' },
)
export const Invalidation = Type.Object(
  {
    cache: CacheField,
    key: Type.Optional(Type.Unknown({ description: 'A key: a text, a number, or a list such as ["user", 7].' })),
    tags: Type.Optional(Type.Array(Type.String(), { maxItems: 1_000, ...body })),
    pattern: Type.Optional(Type.String({ minLength: 1, description: '* is any text, ? one character.', ...body })),
  },
  strict,
)
const TierState = Type.Object({
  tier: Type.String(),
  state: Type.String(),
  age_ms: Type.Union([Type.Number(), Type.Null()]),
  fresh_for_ms: Type.Union([Type.Number(), Type.Null()]),
  load_ms: Type.Union([Type.Number(), Type.Null()]),
  tags: Type.Array(Type.String()),
})
export const Explained = Type.Object(
  {
    key: Type.String(),
    namespace: Type.String(),
    served_by: Type.Union([Type.String(), Type.Null()]),
    is_loading: Type.Boolean(),
    summary: Type.String(),
    tiers: Type.Array(TierState),
  },
  { description: 'What each tier holds under a key, and what would become of a read.' },
)
export const Keys = Type.Object(
  { keys: Type.Array(Explained) },
  { description: 'Keys that are kept, and how they would serve.' },
)

export const OneCache = Type.Union([Type.Object({ cache: CacheField }, strict), Type.Null()])
export const ExplainQuery = Type.Object({
  cache: Type.String({ ...query }),
  key: Type.String({ minLength: 1, description: 'A text, or JSON such as ["user",7].', ...query }),
})
export const KeysQuery = Type.Object({
  cache: Type.String({ ...query }),
  search: Type.Optional(Type.String({ maxLength: 200, ...query })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '50 when left out.', ...query })),
})
