import { newMessageId } from '../../../base/chat/message-id.ts'
import type { AnswerFence, AnswerSelector, AnswerStore } from '../../../ports/answer-store.ts'
import { statement } from '../builder.ts'
import type { Database } from '../database.ts'
import { type AnswerRow, answerColumns, answerOf, recordingBytes } from './answer-row.ts'
import { answerText } from './answer-text.ts'

export interface PostgresAnswersOptions {
  /** Whom a tenant's answers are generated for, as `generated_content` names it; the tenant itself by default. */
  readonly ownerOf?: (tenant: string) => string
}

/** The durable tier of answers, and its upkeep. */
export interface PostgresAnswers extends AnswerStore {
  /** Removes some answers whose time was over at an instant (ms since the epoch); how many, at most `limit`. */
  removeExpired(at: number, limit: number): Promise<number>
}

// The fence is read by the same statement, before the answer begins to be made.
const findSql = `
SELECT f.fence, ${answerColumns}
FROM (SELECT coalesce(max(number), 0) AS fence FROM reprise_forgotten) f
LEFT JOIN prompt_cache a ON a.cache_key = $1 AND a.expires_at > $2`

// Nobody waits for the disk here, and on one connection look-ups would wait behind it: see decision 0042.
const keepSql = `SELECT set_config('synchronous_commit', 'off', true), reprise_keep_answer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::json, $11::json, $12, $13, $14, $15,
  $16, $17, $18, $19::text[], $20, $21, $22) AS kept`

const countSql = `
UPDATE prompt_cache a SET hit_count = a.hit_count + h.hits
FROM (SELECT * FROM unnest($1::text[], $2::bigint[]) AS h (key, hits) ORDER BY h.key) h
WHERE a.cache_key = h.key`

const selectedSql = `
  ($1::text IS NULL OR a.cache_key = $1) AND ($2::text IS NULL OR a.tenant_id = $2)
  AND ($3::text IS NULL OR a.namespace = $3) AND ($4::text IS NULL OR a.model = $4)
  AND ($5::text[] IS NULL OR (a.tags @> $5 AND a.tags <> '{}')) AND ($6::text IS NULL OR a.prompt_hash = $6)
  AND ($7::timestamptz IS NULL OR a.created_at <= $7)`

/** A mapping leads to a kept answer; what was generated stays its user's. */
const removeSql = (selected: string) => `
WITH removed AS (DELETE FROM prompt_cache a WHERE ${selected} RETURNING a.id), unmapped AS (
  DELETE FROM cache_content_mapping m USING removed r WHERE m.cache_type = 'generated' AND m.cache_id = r.id
)
SELECT count(*)::integer AS removed FROM removed`

const expiredSql = removeSql(
  `a.id IN (SELECT e.id FROM prompt_cache e WHERE e.expires_at <= $1 ORDER BY e.expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
)

/** Longer than any answer is in the making; the newest stays, so that numbers never seem to begin anew. */
const tidySql = `
DELETE FROM reprise_forgotten WHERE forgotten_at < now() - interval '3 days'
  AND number < (SELECT max(number) FROM reprise_forgotten)`

/**
 * Answers in `prompt_cache`. Keeping one also notes in `generated_content` what was generated for whom, and in
 * `cache_content_mapping` where it lies, in one transaction.
 */
export function postgresAnswers(database: Database, options: PostgresAnswersOptions = {}): PostgresAnswers {
  const { ownerOf = tenant => tenant } = options
  return {
    find: async (key, at) => {
      const { rows } = await database.run<{ readonly fence: number } & (AnswerRow | { readonly cache_key: null })>(
        statement('SELECT', 'prompt_cache', findSql, [key, new Date(at)]),
      )
      const [row] = rows
      const fence = String(row?.fence ?? 0) as AnswerFence
      return { answer: row === undefined || row.cache_key === null ? undefined : answerOf(row), fence }
    },

    keep: async (answer, fence) => {
      const { recording } = answer
      const values = [
        Number(fence),
        newMessageId(answer.createdAt),
        answer.key,
        answer.tenant,
        answer.namespace ?? '',
        answer.upstream,
        answer.route,
        answer.model,
        answer.promptHash,
        answer.request,
        answer.response,
        recording === undefined ? null : recordingBytes(recording),
        answer.promptTokens ?? null,
        answer.completionTokens ?? null,
        answer.costUsd ?? null,
        answer.generationMs,
        new Date(answer.createdAt),
        new Date(answer.expiresAt),
        answer.tags,
        newMessageId(answer.createdAt),
        ownerOf(answer.tenant),
        answerText(answer.response),
      ]
      const { rows } = await database.run<{ readonly kept: boolean }>(
        statement('INSERT', 'prompt_cache', keepSql, values),
      )
      return rows[0]?.kept === true ? 'kept' : 'fenced'
    },

    countHits: async hits => {
      if (hits.size === 0) return
      await database.run(statement('UPDATE', 'prompt_cache', countSql, [[...hits.keys()], [...hits.values()]]))
    },

    forget: selector =>
      database.transaction(async transaction => {
        await transaction.run(statement('SELECT', 'other', 'SELECT pg_advisory_xact_lock(reprise_answers_lock())'))
        await transaction.run(statement('DELETE', 'reprise_forgotten', tidySql))
        const note = 'INSERT INTO reprise_forgotten (tenant_id) VALUES ($1)'
        await transaction.run(statement('INSERT', 'reprise_forgotten', note, [tenantOf(selector) ?? null]))
        const { rows } = await transaction.run<{ readonly removed: number }>(
          statement('DELETE', 'prompt_cache', removeSql(selectedSql), selectorValues(selector)),
        )
        return rows[0]?.removed ?? 0
      }),

    removeExpired: async (at, limit) => {
      const { rows } = await database.run<{ readonly removed: number }>(
        statement('DELETE', 'prompt_cache', expiredSql, [new Date(at), limit]),
      )
      return rows[0]?.removed ?? 0
    },
  }
}

/** A key begins with its tenant. What was forgotten of one tenant fences nobody else. */
function tenantOf({ tenant, key }: AnswerSelector): string | undefined {
  return tenant ?? (key === undefined ? undefined : decodeURIComponent(key.split('/', 1)[0] ?? ''))
}

function selectorValues(selector: AnswerSelector): readonly unknown[] {
  const { key, tenant, namespace, model, tag, document, promptHash, olderThan } = selector
  const tags = [...(tag === undefined ? [] : [tag]), ...(document === undefined ? [] : [`document:${document}`])]
  return [
    key ?? null,
    tenant ?? null,
    namespace ?? null,
    model ?? null,
    tags.length === 0 ? null : tags,
    promptHash ?? null,
    olderThan === undefined ? null : new Date(olderThan),
  ]
}
