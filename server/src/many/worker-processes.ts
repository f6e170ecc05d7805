import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { type Clock, messageOf } from 'reprise'
import type { Settings } from '../config/settings-table.ts'
import { openTalk, type Talk } from './talk.ts'
import { type StartedWorker, type StartWords, workerTopics } from './worker-talk.ts'

export interface WorkerProcessesOptions {
  readonly count: number
  readonly settings: Settings
  readonly clock: Clock
  /** Called for each process before it is told to start; what is returned is called when it has ended. */
  readonly onBegun: (talk: Talk, id: number) => () => void
  /** Told of a process that ended without being asked to; another is started after `againMs`. */
  readonly onLost: (lost: LostWorker) => void
}

export interface LostWorker {
  readonly pid: number | undefined
  readonly reason: string
  readonly againMs: number
}

/** The processes that serve. */
export interface WorkerProcesses extends StartedWorker {
  /** Lets all of them stop gracefully, and resolves when they have ended. */
  stop(): Promise<void>
  /** Ends them at once. */
  kill(): void
}

const shortestBackOffMs = 100
const longestBackOffMs = 10_000
/** Whoever served this long begins anew with a short back-off. */
const soundMs = 30_000

/**
 * Starts processes that share one port, and keeps as many as were asked for: one that ends is replaced, later and later
 * when its successors end soon too. The first is started alone, so that what is wrong with the settings is told once.
 * @throws what the first one failed with
 */
export async function startWorkerProcesses(options: WorkerProcessesOptions): Promise<WorkerProcesses> {
  const { count, settings, clock, onBegun, onLost } = options
  const running = new Map<Worker, Talk>()
  const stopping = new AbortController()
  let backOffMs = shortestBackOffMs
  // Connections are handed out in turn: left to the kernel, a few that stay open can all meet in one process.
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('worker-process.js', import.meta.url)),
    serialization: 'advanced',
  })

  async function begin(): Promise<StartedWorker> {
    const worker = cluster.fork()
    const talk = openTalk({
      send: message => worker.isConnected() && worker.send(message as Parameters<Worker['send']>[0]),
      onMessage: listener => worker.on('message', listener),
      onClosed: listener => worker.once('disconnect', listener),
    })
    const end = onBegun(talk, worker.id)
    running.set(worker, talk)
    worker.once('exit', () => {
      running.delete(worker)
      end()
    })
    const words: StartWords = { settings }
    const started = (await talk.ask(workerTopics.start, words)) as StartedWorker
    const servesSince = clock.monotonicMs()
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (stopping.signal.aborted) return
      if (clock.monotonicMs() - servesSince > soundMs) backOffMs = shortestBackOffMs
      replace(worker.process.pid, signal === null ? `code ${code}` : `${signal}`)
    })
    return started
  }

  function replace(pid: number | undefined, reason: string): void {
    const againMs = backOffMs
    backOffMs = Math.min(backOffMs * 2, longestBackOffMs)
    onLost({ pid, reason, againMs })
    void clock.sleep(againMs, stopping.signal).then(async () => {
      if (stopping.signal.aborted) return
      await begin().catch(error => {
        if (!stopping.signal.aborted) replace(undefined, messageOf(error))
      })
    })
  }

  async function stop(): Promise<void> {
    stopping.abort()
    const ends = [...running].map(async ([worker, talk]) => {
      const ended = new Promise(resolve => worker.once('exit', resolve))
      await talk.ask(workerTopics.stop).catch(() => undefined)
      worker.disconnect()
      await ended
    })
    await Promise.all(ends)
  }

  function kill(): void {
    stopping.abort()
    for (const worker of running.keys()) worker.process.kill('SIGKILL')
  }

  try {
    const started = await begin()
    await Promise.all(
      Array.from({ length: count - 1 }, () => begin().catch(error => replace(undefined, messageOf(error)))),
    )
    return { ...started, stop, kill }
  } catch (error) {
    kill()
    throw error
  }
}
