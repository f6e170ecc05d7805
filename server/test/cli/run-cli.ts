import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface CliEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command `reprise` as a user's shell would, with nothing set but what is given. */
export function runCli(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<CliEnd> {
  return new Promise(resolve => {
    const env = { PATH: process.env['PATH'], ...environment }
    execFile(process.execPath, [main, ...args], { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
    })
  })
}
