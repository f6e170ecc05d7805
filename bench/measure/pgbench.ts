import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface PgbenchOptions {
  /** The directory of the program, of the same version as the server. */
  readonly binaries: string
  readonly url: string
  /** Path of the SQL script: one run of it is one transaction. */
  readonly script: string
  readonly clients: number
  readonly seconds: number
  readonly variables: Readonly<Record<string, number>>
}

const run = promisify(execFile)

/** Runs an SQL script with prepared statements, as often as it can. */
export async function pgbench(
  options: PgbenchOptions,
): Promise<{ readonly transactions: number; readonly perSecond: number }> {
  const { binaries, url, script, clients, seconds, variables } = options
  const defined = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
  const flags = ['-n', '-M', 'prepared', '-c', `${clients}`, '-j', '1', '-T', `${seconds}`, '-f', script, ...defined]
  const { stdout, stderr } = await run(join(binaries, 'pgbench'), [...flags, url])
  const read = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1])
  const transactions = read(/number of transactions actually processed: (\d+)/)
  const failed = read(/number of failed transactions: (\d+)/)
  const perSecond = read(/^tps = ([\d.]+)/m)
  if (failed !== 0 || !Number.isFinite(perSecond)) throw new Error(`pgbench failed:\n${stdout}\n${stderr}`)
  return { transactions, perSecond }
}
