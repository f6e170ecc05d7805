import type { ConversationId, MessageId } from '../../../base/chat/message-id.ts'
import { messageOf } from '../../../base/reprise-error.ts'
import type { AppendOutcome, AppendRequest, AppendSettings, Head } from '../../../ports/chat/conversation-store.ts'
import { statement } from '../builder.ts'
import type { Lane, Statement } from '../database.ts'
import { StatementError } from '../statement-error.ts'
import { retryCollisions } from './retry.ts'

/**
 * Appends a batch by one call of `reprise_append`: one statement, one commit. A batch that PostgreSQL refuses because of
 * what one of its messages holds is carried out again one by one, so that the others are none the worse for it.
 */
export async function appendBatch(
  lane: Lane,
  batch: readonly AppendRequest[],
  settings: AppendSettings,
): Promise<readonly AppendOutcome[]> {
  try {
    return await appendTogether(lane, batch, settings)
  } catch (error) {
    if (!isOneMessagesFault(error)) throw error
    return appendOneByOne(lane, batch, settings)
  }
}

/** Once something else fails, such as the connection, the rest is not tried; what was stored before keeps its outcome. */
async function appendOneByOne(
  lane: Lane,
  batch: readonly AppendRequest[],
  settings: AppendSettings,
): Promise<readonly AppendOutcome[]> {
  const outcomes: AppendOutcome[] = []
  let broken: AppendOutcome | undefined
  for (const request of batch) {
    const [outcome] = broken ? [broken] : await appendTogether(lane, [request], settings).catch(failure)
    if (outcome === undefined) continue
    if (outcome.kind === 'failed' && !isOneMessagesFault(outcome.error)) broken = outcome
    outcomes.push(outcome)
  }
  return outcomes
}

function failure(error: unknown): readonly AppendOutcome[] {
  return [{ kind: 'failed', error: error instanceof Error ? error : new Error(messageOf(error)) }]
}

/** Data exceptions (class 22) and broken constraints (23) come from a message; time-outs, full disks and the like do not. */
function isOneMessagesFault(error: unknown): error is StatementError {
  return error instanceof StatementError && /^2[23]/.test(error.sqlState)
}

/**
 * A guest who is erased between the steps of the append is asked again, and begins anew; only as many erasers in a row
 * as there are tries could keep a message out.
 */
async function appendTogether(
  lane: Lane,
  batch: readonly AppendRequest[],
  settings: AppendSettings,
  tries = 5,
): Promise<readonly AppendOutcome[]> {
  if (batch.length === 0) return []
  const outcomes = await appendOnce(lane, batch, settings)
  const erasedMeanwhile = batch.filter(
    (request, index) => outcomes[index]?.kind === 'unknown_conversation' && request.target.kind === 'guest',
  )
  if (erasedMeanwhile.length === 0 || tries === 1) return outcomes
  // The others are stored by now: an error here must not become theirs.
  const retried = await appendTogether(lane, erasedMeanwhile, settings, tries - 1).catch(error =>
    erasedMeanwhile.flatMap(() => failure(error)),
  )
  const again = new Map(retried.map((outcome, index) => [erasedMeanwhile[index], outcome]))
  return outcomes.map((outcome, index) => again.get(batch[index]) ?? outcome)
}

async function appendOnce(
  lane: Lane,
  batch: readonly AppendRequest[],
  settings: AppendSettings,
): Promise<readonly AppendOutcome[]> {
  const { rows } = await retryCollisions(() => lane.run<AppendRow>(appendStatement(batch, settings)))
  return rows.map(outcomeOf)
}

function appendStatement(batch: readonly AppendRequest[], settings: AppendSettings): Statement {
  return statement(
    'INSERT',
    'message_cache',
    'SELECT * FROM reprise_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
    [
      batch.map(({ target }) => (target.kind === 'guest' ? target.guestId : null)),
      batch.map(({ target }) => (target.kind === 'user' ? target.userId : null)),
      batch.map(({ target }) => (target.kind === 'user' ? target.conversationId : null)),
      batch.map(({ messageId }) => messageId),
      batch.map(({ message }) => message.role),
      batch.map(({ message }) => message.content),
      batch.map(({ contentHash }) => contentHash),
      batch.map(({ message }) => message.timestamp),
      batch.map(({ isSynced }) => isSynced),
      batch.map(({ idempotency }) => idempotency?.key ?? null),
      batch.map(({ idempotency }) => idempotency?.fingerprint ?? null),
      settings.embed,
      settings.enforceQuota,
      settings.guestMonthlyLimit,
    ],
  )
}

interface AppendRow {
  readonly kind: 'saved' | 'replayed' | 'key_conflict' | 'over_quota' | 'migrated' | 'unknown_conversation'
  readonly message_id: string
  readonly conversation_id: string
  readonly sequence: number
  readonly epoch: number
  readonly is_synced: boolean
  readonly monthly_limit: number
  readonly head: string | null
}

function outcomeOf(row: AppendRow): AppendOutcome {
  switch (row.kind) {
    case 'saved':
      return { kind: 'saved', epoch: row.epoch, headBefore: (row.head ?? undefined) as Head, ...placeOf(row) }
    case 'replayed':
      return { kind: 'replayed', isSynced: row.is_synced, ...placeOf(row) }
    case 'over_quota':
      return { kind: 'over_quota', limit: row.monthly_limit }
    default:
      return { kind: row.kind }
  }
}

function placeOf(row: AppendRow) {
  return {
    messageId: row.message_id as MessageId,
    conversationId: row.conversation_id as ConversationId,
    sequence: row.sequence,
  }
}
