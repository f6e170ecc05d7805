import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface CliEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly directory?: string
  /** What it reads from standard input. */
  readonly input?: string
}

/** Runs the command `reprise` as a user's shell would, with nothing set but what is given. */
export function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  { directory, input }: CliOptions = {},
): Promise<CliEnd> {
  return new Promise(resolve => {
    const env = { PATH: process.env['PATH'], ...environment }
    const options = { env, cwd: directory, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
    child.stdin?.end(input ?? '')
  })
}
