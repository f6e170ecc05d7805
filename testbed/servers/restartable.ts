import type { ServerProcess } from './server-process.ts'

/** A server that a test breaks and starts again, on the same port and data. */
export interface Restartable {
  /** Of the process that runs now. */
  readonly pid: number
  /** Starts it again, stopping it by a signal before where it still runs. */
  restart(signal: NodeJS.Signals): Promise<void>
  /** Sends a signal; resolves when it has ended, at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>
}

export async function restartable(start: () => Promise<ServerProcess>): Promise<Restartable> {
  let server = await start()
  return {
    get pid() {
      return server.pid
    },
    restart: async signal => {
      await server.end(signal)
      server = await start()
    },
    kill: async signal => {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT') server.signal(signal)
      else await server.end(signal)
    },
  }
}
