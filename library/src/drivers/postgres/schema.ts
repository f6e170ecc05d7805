import type { ColumnType, Generated, GeneratedAlways } from 'kysely'

type Instant = ColumnType<Date, Date | string, Date | string>
type DefaultedInstant = ColumnType<Date, Date | string | undefined, Date | string>
type NullableInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
type Nullable<Value> = ColumnType<Value | null, Value | null | undefined, Value | null>
/** Read parsed, written as JSON text. */
type Json<Value> = ColumnType<Value, string, string>

interface ConversationCache {
  readonly id: Generated<string>
  readonly user_id: string
  readonly platform: string
  readonly message_count: Generated<number>
  readonly next_seq: Generated<number>
  readonly content_bytes: Generated<number>
  readonly reprise_head: Nullable<string>
  readonly created_at: DefaultedInstant
  readonly updated_at: DefaultedInstant
}

interface MessageCache {
  readonly id: Generated<string>
  readonly conversation_id: string
  readonly sequence: number
  readonly role: string
  readonly content: string
  readonly message_hash: string
  readonly timestamp: DefaultedInstant
}

interface CacheEmbeddings {
  readonly id: Generated<string>
  readonly conversation_id: string
  readonly message_id: Nullable<string>
  readonly text_chunk: string
  readonly embedding: Json<readonly number[]>
  readonly embedding_binary: Uint8Array
  readonly embedding_dim: number
  readonly embedding_model: string
  readonly truncated: Generated<boolean>
  readonly created_at: DefaultedInstant
}

interface CacheMetrics {
  readonly id: Generated<string>
  readonly total_entries: Generated<number>
  readonly cache_hits: Generated<number>
  readonly cache_misses: Generated<number>
  readonly total_requests: Generated<number>
  readonly avg_response_time: Generated<number>
  readonly avg_generation_time: Generated<number>
  readonly storage_size_mb: Generated<number>
  readonly recorded_at: Instant
  readonly response_count: Generated<number>
  readonly generation_count: Generated<number>
}

interface CacheMigrations {
  readonly id: Generated<string>
  readonly version: Generated<string>
  readonly migration_type: string
  readonly status: string
  readonly records_migrated: Generated<number>
  readonly records_failed: Generated<number>
  readonly started_at: DefaultedInstant
  readonly completed_at: NullableInstant
  readonly source: string
  readonly destination: string
  readonly notes: Nullable<string>
  readonly guest_id: Nullable<string>
  readonly user_id: Nullable<string>
  readonly messages_migrated: Generated<number>
}

interface UsageMetrics {
  readonly id: Generated<string>
  readonly user_id: string
  readonly tier: string
  readonly total_requests: Generated<number>
  readonly cache_hits: Generated<number>
  readonly cache_misses: Generated<number>
  readonly monthly_request_limit: Nullable<number>
  readonly month: Generated<string>
  readonly month_requests: Generated<number>
  readonly created_at: DefaultedInstant
  readonly updated_at: DefaultedInstant
}

interface CacheContentMapping {
  readonly id: Generated<string>
  readonly cache_type: string
  readonly cache_id: string
  readonly content_id: Nullable<string>
  readonly user_id: string
  readonly cache_backend: Generated<string>
  readonly content_backend: Generated<string>
  readonly is_synced: Generated<boolean>
  readonly created_at: DefaultedInstant
}

interface RepriseGuest {
  readonly guest_id: string
  readonly conversation_id: Nullable<string>
  readonly epoch: Generated<number>
  readonly migrated_to: Nullable<string>
  readonly secret_hash: Nullable<string>
  readonly created_at: DefaultedInstant
}

interface RepriseIdempotency {
  readonly conversation_id: string
  readonly key: string
  readonly fingerprint: string
  readonly message_id: string
  readonly sequence: number
  readonly created_at: DefaultedInstant
}

interface RepriseOutbox {
  readonly id: GeneratedAlways<number>
  readonly message_id: string
  readonly conversation_id: string
  readonly attempts: Generated<number>
  readonly due_at: DefaultedInstant
  readonly dead: Generated<boolean>
  readonly last_error: Nullable<string>
  readonly created_at: DefaultedInstant
}

interface RepriseCopyDeletion {
  readonly guest_id: string
  readonly epoch: number
  readonly created_at: DefaultedInstant
  readonly settled_at: Generated<Date | null>
}

interface RepriseMetricsFlush {
  readonly source: string
  readonly number: number
  readonly flushed_at: DefaultedInstant
}

interface RepriseMigrations {
  readonly name: string
  readonly checksum: string
  readonly notes: Generated<readonly string[]>
  readonly applied_at: DefaultedInstant
}

interface PromptCache {
  readonly id: Generated<string>
  readonly cache_key: string
  readonly tenant_id: string
  readonly namespace: Generated<string>
  readonly upstream: string
  readonly route: string
  readonly model: string
  readonly prompt_hash: string
  readonly request: Json<unknown>
  readonly response: Json<unknown>
  readonly recording: Nullable<Uint8Array>
  readonly prompt_tokens: Nullable<number>
  readonly completion_tokens: Nullable<number>
  readonly cost_usd: Nullable<number>
  readonly generation_ms: Generated<number>
  readonly hit_count: Generated<number>
  readonly tags: Generated<readonly string[]>
  readonly created_at: DefaultedInstant
  readonly expires_at: Instant
}

interface GeneratedContent {
  readonly id: Generated<string>
  readonly user_id: string
  readonly content_type: string
  readonly model: string
  readonly prompt_hash: string
  readonly content: string
  readonly prompt_tokens: Generated<number>
  readonly completion_tokens: Generated<number>
  readonly cost_usd: Generated<number>
  readonly generation_ms: Generated<number>
  readonly created_at: DefaultedInstant
}

interface RepriseModelUsage {
  readonly user_id: string
  readonly tier: string
  readonly month: string
  readonly model: string
  readonly requests: Generated<number>
  readonly hits: Generated<number>
  readonly misses: Generated<number>
  readonly prompt_tokens: Generated<number>
  readonly completion_tokens: Generated<number>
  readonly saved_prompt_tokens: Generated<number>
  readonly saved_completion_tokens: Generated<number>
  readonly cost_usd: Generated<number>
  readonly gross_saved_usd: Generated<number>
  readonly provider_cache_usd: Generated<number>
  readonly unpriced: Generated<number>
  readonly updated_at: DefaultedInstant
}

interface RepriseForgotten {
  readonly number: GeneratedAlways<number>
  readonly tenant_id: Nullable<string>
  readonly forgotten_at: DefaultedInstant
}

interface RepriseSecret {
  readonly name: string
  readonly secret: Uint8Array
  readonly created_at: DefaultedInstant
}

/** The tables as `library/migrations` lays them down, for the query builder. */
export interface Schema {
  readonly conversation_cache: ConversationCache
  readonly message_cache: MessageCache
  readonly cache_embeddings: CacheEmbeddings
  readonly cache_metrics: CacheMetrics
  readonly cache_migrations: CacheMigrations
  readonly usage_metrics: UsageMetrics
  readonly cache_content_mapping: CacheContentMapping
  readonly prompt_cache: PromptCache
  readonly generated_content: GeneratedContent
  readonly reprise_model_usage: RepriseModelUsage
  readonly reprise_forgotten: RepriseForgotten
  readonly reprise_secret: RepriseSecret
  readonly reprise_guest: RepriseGuest
  readonly reprise_idempotency: RepriseIdempotency
  readonly reprise_outbox: RepriseOutbox
  readonly reprise_copy_deletion: RepriseCopyDeletion
  readonly reprise_metrics_flush: RepriseMetricsFlush
  readonly reprise_migrations: RepriseMigrations
}

export type TableName = keyof Schema

// A record, so that a table that is added above and forgotten here does not compile.
const known: Readonly<Record<TableName, true>> = {
  conversation_cache: true,
  message_cache: true,
  cache_embeddings: true,
  cache_metrics: true,
  cache_migrations: true,
  usage_metrics: true,
  cache_content_mapping: true,
  prompt_cache: true,
  generated_content: true,
  reprise_model_usage: true,
  reprise_forgotten: true,
  reprise_secret: true,
  reprise_guest: true,
  reprise_idempotency: true,
  reprise_outbox: true,
  reprise_copy_deletion: true,
  reprise_metrics_flush: true,
  reprise_migrations: true,
}

export const tableNames: ReadonlySet<string> = new Set(Object.keys(known))
