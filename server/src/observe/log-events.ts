import type { Logger } from 'pino'
import type { Announcer, Clock, HourlyMetricsEvents } from 'reprise'
import type { ConversationEvents } from 'reprise/conversation'
import type { EmbeddingEvents } from '../workers/embedding-events.ts'
import { ownerMark } from './owner-mark.ts'
import { limitRepetition } from './repetition-limit.ts'
import { safeError } from './safe-error.ts'

export interface LoggedEvents {
  readonly log: Logger
  readonly conversations: Announcer<ConversationEvents>
  readonly hourlyMetrics: Announcer<HourlyMetricsEvents>
  readonly embeddings: Announcer<EmbeddingEvents>
  readonly clock: Clock
  /** What owners are marked with; a random key by default. */
  readonly ownerKey?: Uint8Array
}

/** How many lines of one kind of failure are written in ten seconds. */
const failuresPerWindow = 5
const windowMs = 10_000

/**
 * Writes what the parts announce. At debug level a saved message leaves one line for each of its steps. Nothing here
 * carries content, and owners appear as marks.
 */
export function logEvents({ log, conversations, hourlyMetrics, embeddings, clock, ownerKey }: LoggedEvents): void {
  const markOf = ownerMark(ownerKey)
  const admit = limitRepetition({
    perWindow: failuresPerWindow,
    windowMs,
    clock,
    onLeftOut: (kind, leftOut) => log.warn({ kind, left_out: leftOut }, 'repeated failures were left out of the log'),
  })
  const warnOften = (kind: string, error: unknown, message: string, fields: object = {}) => {
    const { code, sql_state } = safeError(error, 0)
    if (admit(`${kind} ${code ?? sql_state ?? ''}`.trim())) log.warn({ ...fields, err: error }, message)
  }

  logMessages(log, conversations, markOf)
  logReads(log, conversations, markOf)
  logEmbeddings(log, embeddings, warnOften)
  conversations.on('side_task_failed', ({ task, owner, error }) => {
    const fields = owner === undefined ? { task } : { task, owner: markOf(owner) }
    warnOften(task, error, 'a side task failed; the chat goes on', fields)
  })
  conversations.on('erased', ({ owner, rows, copyPending }) =>
    log.info({ owner: markOf(owner), rows, copy_pending: copyPending }, 'erased'),
  )
  conversations.on('migrated', ({ owner, conversations: count, messages, first }) =>
    log.info({ owner: markOf(owner), conversations: count, messages, first }, 'a guest became a user'),
  )
  hourlyMetrics.on('flush_failed', ({ error }) =>
    warnOften('metrics', error, 'the hourly counts could not be added to the database; they are kept and tried again'),
  )
  hourlyMetrics.on('dropped', ({ requests }) =>
    log.error({ requests }, 'an hour of counts was dropped: the database was away for longer than the buffer lasts'),
  )
}

type WarnOften = (kind: string, error: unknown, message: string, fields?: object) => void
type MarkOf = (owner: string) => string

function logMessages(log: Logger, conversations: Announcer<ConversationEvents>, markOf: MarkOf): void {
  conversations.on('message_saved', event => {
    if (!log.isLevelEnabled('debug')) return
    const { messageId, conversationId, sequence } = event.place
    const message = { owner: markOf(event.owner), message_id: messageId, conversation_id: conversationId, sequence }
    if (event.replayed) {
      log.debug({ ...message, total_ms: event.totalMs }, 'message replayed under its idempotency key')
      return
    }
    const copyName = event.storedIn.find(name => name !== 'postgresql')
    const step = (name: string, fields: object) => log.debug({ ...message, step: name, ...fields }, `message: ${name}`)
    step('postgresql', { result: 'stored', duration_ms: event.storeMs })
    step('redis', { result: event.copy, in: copyName ?? 'none', duration_ms: event.totalMs - event.storeMs })
    step('embedding', { result: event.embeddingQueued ? 'queued' : 'not_asked_for' })
    step('usage', { result: 'counted', tier: event.guest ? 'guest' : 'user' })
    step('mapping', { result: copyName === undefined ? 'written_unsynced' : 'written' })
  })
  conversations.on('message_refused', ({ owner, reason }) => {
    if (log.isLevelEnabled('debug')) log.debug({ owner: markOf(owner), reason }, 'message refused')
  })
}

function logReads(log: Logger, conversations: Announcer<ConversationEvents>, markOf: MarkOf): void {
  conversations.on('history_read', ({ owner, outcome, source, stale, durationMs }) => {
    if (!log.isLevelEnabled('debug')) return
    log.debug({ owner: markOf(owner), outcome, source, stale, duration_ms: durationMs }, 'history read')
  })
  conversations.on('copy_operation', ({ operation, result, durationMs }) => {
    log.debug({ operation, result, duration_ms: durationMs }, 'cache operation')
  })
}

function logEmbeddings(log: Logger, embeddings: Announcer<EmbeddingEvents>, warnOften: WarnOften): void {
  embeddings.on('embedding_stored', ({ messageId, model, truncated }) => {
    log.debug({ message_id: messageId, model, truncated }, 'embedding stored')
  })
  // Every one of them: an operator counts on it. The retries' pauses bound how many there can be.
  embeddings.on('embedding_failed', ({ messageId, attempts, permanent, error }) => {
    log.error({ message_id: messageId, attempts, permanent, reason: error }, 'embedding failed')
  })
  embeddings.on('embedding_buried', ({ messageId, attempts, error }) => {
    const fields = { message_id: messageId, attempts, reason: error }
    log.error(fields, 'embedding given up; `reprise outbox redrive` tries it again')
  })
  embeddings.on('outbox_failed', ({ error }) => warnOften('outbox', error, 'the outbox could not be read or written'))
  embeddings.on('embeddings_missing', ({ model, enqueued }) => {
    log.info({ model, enqueued }, 'messages without an embedding of this model await one now')
  })
}
