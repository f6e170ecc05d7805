import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface PgbenchOptions {
  /** Path of the program, of the same version as the server. */
  readonly binary: string
  readonly databaseUrl: string
  /** Path of the SQL script: one run of it is one transaction. */
  readonly script: string
  readonly clients: number
  readonly seconds: number
  readonly variables: Readonly<Record<string, number>>
}

const run = promisify(execFile)

/** Transactions a second that pgbench reaches with prepared statements. */
export async function pgbench(options: PgbenchOptions): Promise<number> {
  const { binary, databaseUrl, script, clients, seconds, variables } = options
  const defined = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`])
  const flags = ['-n', '-M', 'prepared', '-c', `${clients}`, '-j', '1', '-T', `${seconds}`, '-f', script, ...defined]
  const { stdout, stderr } = await run(binary, [...flags, databaseUrl])
  const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0)
  const rate = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1])
  if (failed > 0 || !(rate > 0)) throw new Error(`pgbench failed:\n${stdout}\n${stderr}`)
  return rate
}
