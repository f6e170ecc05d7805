import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What `redis-cli` prints for a command, exactly: without the line break that it ends with. */
export async function redisCli(url: string, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run('redis-cli', ['-u', url, '--raw', ...command])
  return stdout.replace(/\n$/, '')
}

/** The names of all keys. */
export async function redisKeys(url: string): Promise<readonly string[]> {
  return (await redisCli(url, 'KEYS', '*')).split('\n').filter(key => key !== '')
}
