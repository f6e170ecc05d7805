import type { AnswerKey, KeptAnswer, LlmRoute, StreamRecording } from '../../../ports/answer-store.ts'

/** A row of `prompt_cache` as it is read: JSON columns as their text. */
export interface AnswerRow {
  readonly cache_key: string
  readonly tenant_id: string
  readonly namespace: string
  readonly upstream: string
  readonly route: string
  readonly model: string
  readonly prompt_hash: string
  readonly request: string
  readonly response: string
  readonly recording: Uint8Array | null
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly cost_usd: number | null
  readonly generation_ms: number
  readonly tags: readonly string[]
  readonly created_at: Date
  readonly expires_at: Date
}

/** What is read of a row, as SQL. */
export const answerColumns = `a.cache_key, a.tenant_id, a.namespace, a.upstream, a.route, a.model, a.prompt_hash,
  a.request::text AS request, a.response::text AS response, a.recording, a.prompt_tokens, a.completion_tokens,
  a.cost_usd, a.generation_ms, a.tags, a.created_at, a.expires_at`

export function answerOf(row: AnswerRow): KeptAnswer {
  return {
    // Only `keep` writes these columns, and it writes what it was given.
    key: row.cache_key as AnswerKey,
    route: row.route as LlmRoute,
    tenant: row.tenant_id,
    namespace: row.namespace === '' ? undefined : row.namespace,
    upstream: row.upstream,
    model: row.model,
    promptHash: row.prompt_hash,
    request: row.request,
    response: row.response,
    recording: row.recording === null ? undefined : recordingOf(row.recording),
    promptTokens: row.prompt_tokens ?? undefined,
    completionTokens: row.completion_tokens ?? undefined,
    costUsd: row.cost_usd ?? undefined,
    generationMs: row.generation_ms,
    createdAt: row.created_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    tags: row.tags,
  }
}

/** A recording as the bytes of the column: JSON, which the database compresses. */
export function recordingBytes({ text, pieces }: StreamRecording): Uint8Array {
  return Buffer.from(JSON.stringify({ text, pieces }))
}

function recordingOf(bytes: Uint8Array): StreamRecording {
  // Written by `recordingBytes`.
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as StreamRecording
}
