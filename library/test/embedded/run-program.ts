import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

export interface RunningProgram {
  readonly process: ChildProcess
  /** The lines it has printed so far. */
  readonly lines: readonly string[]
  /** The next line it prints; undefined when it ends without one. */
  nextLine(): Promise<string | undefined>
  /** Resolves when it has ended and all its lines are there. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/** Starts one of the programs beside this file; it is killed with the test. */
export function runProgram(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningProgram {
  const path = fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => lines.push(line))
  const closed = once(reader, 'close')
  const exited = once(child, 'exit')
  return {
    process: child,
    lines,
    nextLine: async () => {
      const count = lines.length
      await Promise.race([once(reader, 'line'), closed])
      return lines[count]
    },
    ended: Promise.all([exited, closed]).then(([[code, signal]]) => ({ code, signal })),
  }
}
