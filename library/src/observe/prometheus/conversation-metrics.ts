import type { Registry } from 'prom-client'
import type { Announcer } from '../../base/announcer.ts'
import type { ConversationEvents } from '../../conversation/conversation-events.ts'
import type { RecordCacheOperation } from './cache-metrics.ts'
import { labelChildren } from './label-children.ts'
import { metricFamilies } from './metric-families.ts'
import { registerCounter } from './register.ts'
import { registerTallies, registerTimes } from './tally.ts'

/** What conversations do: messages saved and refused, histories read, copies kept, guests erased and migrated. */
export function conversationMetrics(
  registry: Registry,
  conversations: Announcer<ConversationEvents>,
  recordOperation: RecordCacheOperation,
): readonly (() => void)[] {
  return [
    conversations.on('copy_operation', ({ operation, result, durationMs }) =>
      recordOperation(operation, result, durationMs),
    ),
    ...observeMessages(registry, conversations),
    ...observeHistories(registry, conversations),
    ...observeOwners(registry, conversations),
  ]
}

function observeMessages(registry: Registry, conversations: Announcer<ConversationEvents>) {
  const savedOf = labelChildren(registerTallies(registry, metricFamilies.messagesSaved))
  const refused = registerCounter(registry, metricFamilies.messagesRefused)
  const copiesOf = registerTallies(registry, metricFamilies.messageCopies)
  const copyOf = labelChildren(result => copiesOf(result))
  const seconds = registerTimes(registry, metricFamilies.messageSeconds)()
  const batchMessages = registerTimes(registry, metricFamilies.batchMessages)()
  const batchSeconds = registerTimes(registry, metricFamilies.batchSeconds)()
  for (const principal of ['guest', 'user']) for (const kind of ['saved', 'replayed']) savedOf(principal, kind)

  return [
    conversations.on('message_saved', ({ guest, replayed, copy, totalMs }) => {
      savedOf(guest ? 'guest' : 'user', replayed ? 'replayed' : 'saved').value += 1
      copyOf(copy).value += 1
      seconds.observe(totalMs / 1000)
    }),
    conversations.on('message_refused', ({ reason }) => refused.inc({ reason })),
    conversations.on('batch_committed', ({ messages, storeMs }) => {
      batchMessages.observe(messages)
      batchSeconds.observe(storeMs / 1000)
    }),
  ]
}

function observeHistories(registry: Registry, conversations: Announcer<ConversationEvents>) {
  const readsOf = labelChildren(registerTallies(registry, metricFamilies.historyReads))
  const timesOf = registerTimes(registry, metricFamilies.historySeconds)
  const secondsOf = labelChildren(source => timesOf(source))
  const stale = registerCounter(registry, metricFamilies.staleServed)

  return [
    conversations.on('history_read', event => {
      const source = event.source ?? 'none'
      readsOf(source, event.outcome).value += 1
      secondsOf(source).observe(event.durationMs / 1000)
      if (event.stale) stale.inc()
    }),
  ]
}

function observeOwners(registry: Registry, conversations: Announcer<ConversationEvents>) {
  const erased = registerCounter(registry, metricFamilies.erased)
  const migrated = registerCounter(registry, metricFamilies.migrated)
  const failures = registerCounter(registry, metricFamilies.sideTaskFailures)

  return [
    conversations.on('erased', ({ copyPending }) => erased.inc({ copy: copyPending ? 'pending' : 'done' })),
    conversations.on('migrated', ({ first }) => {
      if (first) migrated.inc()
    }),
    conversations.on('side_task_failed', ({ task }) => failures.inc({ task })),
  ]
}
