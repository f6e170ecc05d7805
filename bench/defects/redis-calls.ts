import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { requireBinary } from '../../testbed/binaries.ts'

const run = promisify(execFile)

/** How many commands a Redis has carried out, other than those that ask it for this. */
export async function redisCalls(port: number): Promise<number> {
  const { stdout } = await run(requireBinary('redis-cli'), ['-p', `${port}`, 'info', 'commandstats'])
  const lines = [...stdout.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  return lines.filter(([, name]) => name !== 'info').reduce((sum, [, , calls]) => sum + Number(calls), 0)
}
