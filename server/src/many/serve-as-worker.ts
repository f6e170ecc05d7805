import { systemClock } from 'reprise'
import { type Application, startApplication } from '../application.ts'
import { openStores } from '../compose.ts'
import { createLog } from '../observe/log.ts'
import { takeOver } from '../serve.ts'
import { throughPrimary } from './colleagues.ts'
import { storesOfWorker } from './stores-of-worker.ts'
import { openTalk } from './talk.ts'
import { type StartedWorker, type StartWords, workerTopics } from './worker-talk.ts'

/** Serves as one of several processes. The tables are up to date: the primary has seen to it. */
export function serveAsWorker(ownProcess: NodeJS.Process): void {
  const talk = openTalk({
    send: message => ownProcess.connected && (ownProcess.send?.(message) ?? false),
    onMessage: listener => ownProcess.on('message', listener),
    onClosed: listener => ownProcess.once('disconnect', listener),
  })
  const colleagues = throughPrimary(talk)
  let application: Application | undefined
  let stop: Promise<void> | undefined

  talk.answer(workerTopics.start, async (question): Promise<StartedWorker> => {
    const { settings } = question as StartWords
    const clock = systemClock
    const log = createLog({ level: settings.logLevel })
    const opened = await openStores(settings, clock)
    try {
      const stores = storesOfWorker(await takeOver(settings, opened, clock, log), talk, colleagues)
      application = await startApplication({ settings, stores, log, clock, colleagues })
      return { url: application.url, described: opened.described }
    } catch (error) {
      await opened.close()
      throw error
    }
  })

  function stopOnce(): Promise<void> {
    stop ??= application?.close() ?? Promise.resolve()
    return stop
  }

  talk.answer(workerTopics.stop, stopOnce)
  // Of a terminal's Ctrl-C the primary tells.
  ownProcess.on('SIGINT', () => undefined)
  // Sent to this process alone, or to all of a service at once.
  ownProcess.once('SIGTERM', () => void stopOnce().then(() => ownProcess.disconnect?.()))
}
