import { systemClock } from 'reprise'
import { openMeetingTier, openStores } from '../compose.ts'
import type { Settings } from '../config/settings-table.ts'
import { greeting } from '../greeting.ts'
import { requestCounts } from '../http/requests/request-counts.ts'
import { createLog } from '../observe/log.ts'
import { migrateTables, stopOnSignal } from '../serve.ts'
import { askEverybody } from './ask-everybody.ts'
import { hostTier } from './tier/tier-host.ts'
import { startWorkerProcesses } from './worker-processes.ts'
import { type CountedRequest, workerTopics } from './worker-talk.ts'

/** Serves with several processes until SIGTERM or SIGINT, then lets all of them stop gracefully. */
export async function serveMany(settings: Settings): Promise<void> {
  const { workers: count } = settings
  const clock = systemClock
  const log = createLog({ level: settings.logLevel })
  await bringTablesUpToDate(settings)
  const tier = openMeetingTier(clock)
  const everybody = askEverybody()
  const counts = requestCounts(clock)
  const processes = await startWorkerProcesses({
    count,
    // The processes share what a lone one takes of a processor.
    settings: { ...settings, embedderCpuPercent: settings.embedderCpuPercent / count },
    clock,
    onBegun: (talk, id) => {
      const endTier = hostTier(tier, talk)
      talk.answer(workerTopics.countRequest, question => {
        const { caller, windowMs } = question as CountedRequest
        return counts(caller, windowMs)
      })
      const leave = everybody.join(talk, id)
      return () => {
        endTier()
        leave()
      }
    },
    onLost: ({ pid, reason, againMs }) =>
      log.error({ pid, reason, again_ms: againMs }, 'a worker process ended; another is started'),
  })
  process.stdout.write(
    greeting({
      url: processes.url,
      described: processes.described,
      guestAuth: settings.guestAuth,
      processes: ` with ${count} processes`,
    }),
  )
  stopOnSignal(
    log,
    () => processes.stop(),
    () => processes.kill(),
  )
}

/** Brings the tables up to date, once for all processes. Neither models nor Redis are needed for that. */
async function bringTablesUpToDate(settings: Settings): Promise<void> {
  const clock = systemClock
  const log = createLog({ level: settings.logLevel })
  const stores = await openStores({ ...settings, embedder: 'none', enableCache: false }, clock)
  try {
    await migrateTables(stores, clock, log)
  } finally {
    await stores.close()
  }
}
