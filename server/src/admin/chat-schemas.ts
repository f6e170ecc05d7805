import { Type } from 'typebox'

const Count = Type.Integer({ minimum: 0 })
const Instant = Type.String({ format: 'date-time' })
const Nullable = <Schema extends Parameters<typeof Type.Array>[0]>(schema: Schema) => Type.Union([schema, Type.Null()])
const Windows = Type.Object({ last_5m: Count, last_hour: Count, all: Count })
const query = { 'x-error-code': 'invalid_query' }
export const LimitQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, description: '50 when left out.', ...query })),
})
export const HoursQuery = Type.Object({
  hours: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_160, description: '48 when left out.', ...query })),
})
const OutboxCounts = Type.Object({ pending: Count, dead: Count, oldest_pending_seconds: Type.Number() })

export const Overview = Type.Object(
  {
    totals: Type.Object({
      conversations: Count,
      messages: Count,
      embeddings: Type.Integer({ description: 'Estimated where there are very many.' }),
      unsynced: Type.Integer({ description: 'Messages that the Redis copy lacks.' }),
      migrations_completed: Count,
      migrations_failed: Count,
    }),
    hours: Type.Array(
      Type.Object({
        at: Instant,
        conversations: Count,
        hits: Count,
        misses: Count,
        requests: Count,
        response_ms: Type.Number(),
        generation_ms: Type.Number(),
        storage_mb: Type.Number(),
      }),
    ),
    embeddings: Type.Object({ stored: Windows, failed: Windows, dead: Windows }),
    outbox: OutboxCounts,
    endpoints: Type.Array(
      Type.Object({
        endpoint: Type.String(),
        last_hour: Count,
        failed_last_hour: Count,
        mean_ms: Type.Number(),
        p99_ms: Nullable(Type.Number()),
      }),
    ),
  },
  { description: 'What the chat holds, and how it went over the last hours.' },
)

export const Guests = Type.Object(
  {
    guests: Type.Array(
      Type.Object({
        guest_id: Type.String(),
        messages: Count,
        embeddings: Count,
        unsynced: Count,
        requests: Count,
        month_requests: Count,
        monthly_limit: Nullable(Type.Integer()),
        last_at: Instant,
      }),
    ),
  },
  { description: 'The guests who wrote last.' },
)

export const Migrations = Type.Object(
  {
    migrations: Type.Array(
      Type.Object({
        id: Type.String(),
        status: Type.String(),
        guest_id: Nullable(Type.String()),
        conversations: Count,
        messages: Count,
        started_at: Instant,
        completed_at: Nullable(Instant),
        notes: Type.String(),
      }),
    ),
  },
  { description: 'Guests who became users, and attempts that failed; the latest first.' },
)

export const DeadItems = Type.Object(
  {
    outbox: OutboxCounts,
    dead: Type.Array(
      Type.Object({
        id: Type.String(),
        message_id: Type.String(),
        attempts: Count,
        error: Type.String(),
        created_at: Instant,
      }),
    ),
  },
  { description: 'Messages whose embedding was given up.' },
)
export const Redrive = Type.Union([
  Type.Object(
    {
      ids: Type.Optional(
        Type.Array(Type.String(), {
          maxItems: 1_000,
          description: 'All when left out.',
          'x-error-code': 'invalid_body',
        }),
      ),
    },
    // A misspelt name would mean all.
    { additionalProperties: false },
  ),
  Type.Null(),
])
export const Redriven = Type.Object({ redriven: Count }, { description: 'How many messages wait again.' })
