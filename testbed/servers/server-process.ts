import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { guard } from '../guardian.ts'
import type { User } from '../private-directory.ts'

export interface ServerCommand {
  readonly binary: string
  readonly args: readonly string[]
  /** The account that it runs under; this process's own when undefined. */
  readonly user: User | undefined
  readonly directory: string
  /** Where its output goes; shown when it does not start. */
  readonly logFile: string
  /** Whether it answers yet. Asked again and again until it does. */
  readonly answers: () => Promise<boolean>
}

/** A server that runs as a child of this process, known by its process id. */
export interface ServerProcess {
  readonly pid: number
  readonly isRunning: boolean
  /** Sends a signal and does not wait. */
  signal(name: NodeJS.Signals): void
  /** Sends a signal and resolves when the process has ended; past `patienceMs` it is killed. */
  end(name: NodeJS.Signals, patienceMs?: number): Promise<void>
}

const startLimitMs = 30_000

/** Starts a server and resolves once it answers. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const log = openSync(command.logFile, 'a')
  const child = spawn(command.binary, command.args, {
    cwd: command.directory,
    stdio: ['ignore', log, log],
    // A group of its own, so that Ctrl-C in a terminal reaches the tests alone, which then end their servers in order.
    detached: true,
    ...(command.user ?? {}),
  })
  closeSync(log)
  let failure: Error | undefined
  let running = true
  let ending = ''
  const ended = new Promise<void>(resolve => {
    child.once('error', error => {
      failure = error
      running = false
      resolve()
    })
    child.once('exit', (code, signal) => {
      running = false
      ending = signal ?? `code ${code}`
      if (child.pid !== undefined) guard.ended(child.pid)
      resolve()
    })
  })
  child.unref()
  const pid = child.pid
  if (pid === undefined) {
    await ended
    throw new Error(`${command.binary} could not be started`, { cause: failure })
  }
  guard.server(pid)

  const server: ServerProcess = {
    pid,
    get isRunning() {
      return running
    },
    signal: name => {
      if (running) child.kill(name)
    },
    end: async (name, patienceMs = 20_000) => {
      if (!running) return
      child.kill(name)
      // A process that was stopped by SIGSTOP acts on a signal only once it goes on.
      child.kill('SIGCONT')
      const killer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
      await ended
      clearTimeout(killer)
    },
  }
  const deadline = Date.now() + startLimitMs
  while (!(await command.answers())) {
    if (!running || Date.now() > deadline) {
      const wasRunning = running
      await server.end('SIGKILL')
      const output = readFileSync(command.logFile, 'utf8').slice(-2000)
      throw new Error(`${command.binary} did not start; it ended with ${wasRunning ? 'no answer' : ending}:\n${output}`)
    }
    await sleep(20)
  }
  return server
}
